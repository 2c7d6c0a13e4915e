//! Reads the switches in a URL's query, and refuses or warns about parameters that an operation doesn't take.

use crate::input::fields::nearest;
use crate::model::confidence::Confidence;
use crate::problem::{Code, Problem};

/// The operation of a request, which determines what its query may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reports one outcome.
    Report,
    /// Reports many outcomes.
    Batch,
    /// Imports calls.
    Import,
    /// Reads one outcome or call.
    Read,
    /// Reads all records, in pages.
    Export,
    /// Returns information about the server. Switches have no effect, so none is refused.
    Server,
}

/// The switch of a dry run.
const VALIDATE_ONLY: &str = "validate_only";

/// All switches. An operation refuses a switch that is on and that it doesn't support.
pub const SWITCHES: [&str; 5] = [
    VALIDATE_ONLY,
    "explain",
    "unambiguous",
    "strict",
    MIN_CONFIDENCE,
];

/// The switch whose value is a threshold.
const MIN_CONFIDENCE: &str = "min_confidence";

/// How many parameters are named in an answer at most.
const MAX_NAMED: usize = 20;
/// The minimum length of a name that is suggested for a misspelling. Shorter ones are suggested only if the letters
/// match.
const MIN_COMPARED: usize = 6;
/// A name longer than this is not compared with the switches.
const MAX_COMPARED: usize = 64;
/// The maximum edit distance of a misspelt `validate_only`.
const MAX_TYPOS: usize = 2;

impl Operation {
    /// All operations.
    pub const ALL: [Self; 6] = [
        Self::Report,
        Self::Batch,
        Self::Import,
        Self::Read,
        Self::Export,
        Self::Server,
    ];

    /// Returns the supported switches.
    #[must_use]
    pub const fn switches(self) -> &'static [&'static str] {
        match self {
            Self::Report | Self::Batch => &[
                VALIDATE_ONLY,
                "explain",
                "unambiguous",
                MIN_CONFIDENCE,
                "strict",
            ],
            Self::Import => &[VALIDATE_ONLY, "strict"],
            Self::Read | Self::Export | Self::Server => &[],
        }
    }

    /// Returns the parameters other than switches.
    #[must_use]
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["transaction_id"],
            Self::Export => &["from", "to", "limit", "start_after_transaction_id"],
            Self::Report | Self::Batch | Self::Import | Self::Server => &[],
        }
    }

    /// Returns whether unknown parameters are refused. Otherwise they get a warning.
    const fn refuses_unknown(self) -> bool {
        match self {
            Self::Report
            | Self::Batch
            | Self::Import
            | Self::Read
            | Self::Export
            | Self::Server => false,
        }
    }
}

/// A query, read for an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    on: Vec<&'static str>,
    /// From which confidence on a match counts, if the request says. Lower ones are refused.
    pub min_confidence: Option<Confidence>,
    /// What refuses the request: switches that the operation does not honour.
    pub problems: Vec<Problem>,
    /// The parameters that the operation doesn't have.
    pub warnings: Vec<Problem>,
}

impl Query {
    /// Reads decoded names and values for an operation. A switch is on with any value but `false` and `0`, and is
    /// known by its letters alone: `Validate-Only` and `validateOnly` are spellings of `validate_only`.
    #[must_use]
    pub fn read<'q>(
        operation: Operation,
        pairs: impl IntoIterator<Item = (&'q str, &'q str)>,
    ) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            if !name.is_empty() && !operation.parameters().contains(&name) {
                query.add(operation, name, value);
            }
        }
        query
    }

    /// Returns whether a switch is on.
    #[must_use]
    pub fn is_on(&self, switch: &str) -> bool {
        self.on.contains(&switch)
    }

    fn add(&mut self, operation: Operation, name: &str, value: &str) {
        let letters = letters(name);
        if operation != Operation::Server && names_dry_run(&self::letters(value)) {
            // `?strict=1;validate_only=1`: the switch stands where none is looked for.
            let mut problem = Problem::whole(Code::QueryUnsupported).with_name(VALIDATE_ONLY);
            problem.pointer = format!("?{name}");
            return self.refuse(problem);
        }
        let is_on = !matches!(value, "false" | "0");
        let meant = SWITCHES
            .into_iter()
            .find(|switch| self::letters(switch) == letters)
            .or_else(|| is_dry_run(&letters).then_some(VALIDATE_ONLY))
            .filter(|_| operation != Operation::Server);
        let problem = |code| {
            let mut problem = Problem::whole(code).with_name(name.to_owned());
            problem.pointer = format!("?{name}");
            problem
        };
        let Some(switch) = meant else {
            if operation.refuses_unknown() {
                self.refuse(problem(Code::QueryUnsupported));
            } else if self.warnings.len() < MAX_NAMED {
                let mut warning = problem(Code::QueryUnknown);
                warning.fix = suggestion(operation, name).map(str::to_owned);
                self.warnings.push(warning);
            }
            return;
        };
        let is_misspelt = self::letters(switch) != letters;
        if switch == MIN_CONFIDENCE && operation.switches().contains(&switch) {
            self.min_confidence = Confidence::parse(value.trim());
            if self.min_confidence.is_some() {
                self.on.push(switch);
            } else {
                self.refuse(problem(Code::MinConfidenceFormat));
            }
            return;
        }
        if !is_on {
            // A switch that is off changes nothing.
        } else if operation.switches().contains(&switch) && !is_misspelt {
            self.on.push(switch);
        } else {
            let mut problem = problem(Code::QueryUnsupported);
            problem.fix = is_misspelt.then(|| switch.to_owned());
            self.refuse(problem);
        }
    }

    fn refuse(&mut self, problem: Problem) {
        if self.problems.len() < MAX_NAMED {
            self.problems.push(problem);
        }
    }
}

/// The letters and digits of a name, in lower case.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns whether a name is probably a misspelt `validate_only`. Refusing a dry run is better than carrying it out.
fn is_dry_run(letters: &str) -> bool {
    names_dry_run(letters)
        || letters.len() <= MAX_COMPARED
            && strsim::osa_distance(letters, "validateonly") <= MAX_TYPOS
}

/// Returns whether a text has both words of `validate_only`.
fn names_dry_run(letters: &str) -> bool {
    letters.contains("validate") && letters.contains("only")
}

/// Returns the known name of which an unknown one is probably a misspelling.
fn suggestion(operation: Operation, name: &str) -> Option<&'static str> {
    let known: Vec<&'static str> = [operation.switches(), operation.parameters()].concat();
    let same = known.iter().find(|known| letters(known) == letters(name));
    let long: Vec<&'static str> = known
        .iter()
        .filter(|known| known.len() >= MIN_COMPARED)
        .copied()
        .collect();
    same.copied().or_else(|| nearest(name, &long))
}
