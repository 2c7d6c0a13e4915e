//! Routes: which use case a path and a method mean.

use crate::input::query::Operation;
use crate::response::records::Format;

/// The meaning of a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// Reporting an outcome, and reading one.
    Report {
        version: &'a str,
        network_id: Option<&'a str>,
    },
    /// Reporting many outcomes.
    Batch { version: &'a str },
    /// Importing calls.
    Calls { version: &'a str },
    /// Exporting records.
    Transactions { version: &'a str, format: Format },
    /// The health check.
    Health,
    /// The public part of the configuration.
    Config,
}

impl<'a> Route<'a> {
    /// Returns the route of a path; `None` if it is unknown.
    pub fn parse(path: &'a str) -> Option<Self> {
        let is_report = |name: &str| matches!(name, "call_outcomes" | "call_outcomes.json");
        let mut segments = path.strip_prefix('/')?.split('/');
        match (
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
        ) {
            (Some("healthz"), None, ..) => Some(Self::Health),
            (Some("config.json"), None, ..) => Some(Self::Config),
            (Some("api"), Some(version), Some(name), None, _) if is_report(name) => {
                Some(Self::Report {
                    version,
                    network_id: None,
                })
            }
            (
                Some("api"),
                Some(version),
                Some("call_outcomes"),
                Some("batch" | "batch.json"),
                None,
            ) => Some(Self::Batch { version }),
            (Some("api"), Some(version), Some("transactions" | "transactions.json"), None, _) => {
                Some(Self::Transactions {
                    version,
                    format: Format::Json,
                })
            }
            (Some("api"), Some(version), Some("transactions.csv"), None, _) => {
                Some(Self::Transactions {
                    version,
                    format: Format::Csv,
                })
            }
            (Some("api"), Some(version), Some("calls" | "calls.json"), None, _) => {
                Some(Self::Calls { version })
            }
            (Some("api"), Some(version), Some(network), Some(name), None)
                if is_report(name) && !network.is_empty() =>
            {
                Some(Self::Report {
                    version,
                    network_id: Some(network),
                })
            }
            _ => None,
        }
    }

    /// Returns the methods that the route takes, as the `Allow` header lists them.
    pub const fn methods(&self) -> &'static str {
        match self {
            Self::Report {
                network_id: None, ..
            } => "GET, POST, PUT",
            Self::Report { .. } => "POST, PUT",
            Self::Transactions { .. } => "GET",
            Self::Batch { .. } | Self::Calls { .. } => "POST",
            Self::Health | Self::Config => "GET, HEAD",
        }
    }

    /// Returns the API version in the path.
    pub const fn version(&self) -> Option<&'a str> {
        match self {
            Self::Report { version, .. }
            | Self::Batch { version }
            | Self::Calls { version }
            | Self::Transactions { version, .. } => Some(version),
            Self::Health | Self::Config => None,
        }
    }

    /// Whether the route takes a method.
    pub fn takes(&self, method: &str) -> bool {
        self.methods().split(", ").any(|name| name == method)
    }

    /// Returns what a request with a method does.
    pub fn operation(&self, method: &str) -> Operation {
        match self {
            Self::Report { .. } if method == "GET" => Operation::Read,
            Self::Report { .. } => Operation::Report,
            Self::Batch { .. } => Operation::Batch,
            Self::Calls { .. } => Operation::Import,
            Self::Transactions { .. } => Operation::Export,
            Self::Health | Self::Config => Operation::Server,
        }
    }

    /// Returns the path as the log names it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Report {
                network_id: None, ..
            } => "/api/{version}/call_outcomes",
            Self::Report { .. } => "/api/{version}/{network_id}/call_outcomes",
            Self::Batch { .. } => "/api/{version}/call_outcomes/batch",
            Self::Calls { .. } => "/api/{version}/calls",
            Self::Transactions { .. } => "/api/{version}/transactions",
            Self::Health => "/healthz",
            Self::Config => "/config.json",
        }
    }
}
