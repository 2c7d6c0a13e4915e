//! Answers to lists of rows: batches of reports, and imports of calls.

use serde::Serialize;
use serde_json::value::RawValue;

use super::error_answer::validation_failed;
use super::{Reply, to_json};
use crate::model::time::show_seconds;
use crate::problem::{Code, Problem};
use crate::rules::import::{ImportEffect, Plan, StoredCall};

/// The effect of a report, or that of a dry run if it were carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A new outcome.
    Created,
    /// A correction of an outcome.
    Corrected,
    /// Nothing, because it was reported before.
    Unchanged,
    /// Nothing, because it was refused.
    Failed,
}

/// The answer to a row of a batch.
#[derive(Clone, Debug)]
pub struct RowAnswer {
    /// The client's key for the row.
    pub key: Option<String>,
    /// The HTTP status that a single report would get.
    pub status: u16,
    /// The answer that a single report would get, as JSON.
    pub body: String,
    /// The effect.
    pub effect: Effect,
}

/// The schema of the answer to a batch, which [`BatchAnswer`] writes in parts.
#[cfg(feature = "openapi")]
#[derive(schemars::JsonSchema)]
#[schemars(rename = "Batch")]
pub(crate) struct BatchSchema<'a> {
    #[expect(dead_code, reason = "read by the description only")]
    results: Vec<BatchResult<'a>>,
    #[expect(dead_code, reason = "read by the description only")]
    summary: BatchSummary,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(schemars::JsonSchema),
    schemars(rename = "BatchRow")
)]
pub(crate) struct BatchResult<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<&'a str>,
    status: u16,
    #[cfg_attr(feature = "openapi", schemars(with = "serde_json::Value"))]
    body: &'a RawValue,
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct BatchSummary {
    created: usize,
    corrected: usize,
    unchanged: usize,
    failed: usize,
}

/// The answer to a batch, written chunk by chunk. A row's answer may be many times the size of the row, so nothing is
/// kept twice.
#[derive(Debug, Default)]
pub struct BatchAnswer {
    parts: Vec<String>,
    summary: BatchSummary,
    rows: usize,
}

impl BatchAnswer {
    /// Returns whether no row was answered yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds the answers to the next rows.
    pub fn extend(&mut self, rows: &[RowAnswer]) {
        let size = rows.iter().map(|row| row.body.len().saturating_add(64));
        let mut part = String::with_capacity(size.sum());
        for row in rows {
            let summary = &mut self.summary;
            let count = match row.effect {
                Effect::Created => &mut summary.created,
                Effect::Corrected => &mut summary.corrected,
                Effect::Unchanged => &mut summary.unchanged,
                Effect::Failed => &mut summary.failed,
            };
            *count = count.saturating_add(1);
            part.push_str(if self.rows == 0 {
                r#"{"results":["#
            } else {
                ","
            });
            part.push_str(&to_json(&BatchResult {
                index: self.rows,
                row: row.key.as_deref(),
                status: row.status,
                body: serde_json::from_str(&row.body).unwrap_or(RawValue::NULL),
            }));
            self.rows = self.rows.saturating_add(1);
        }
        self.parts.push(part);
    }

    /// Returns the answer with the first part of its body, and the other parts. The status is 200 if no row failed, or
    /// 207.
    #[must_use]
    pub fn finish(mut self) -> (Reply, Vec<String>) {
        let end = format!("],\"summary\":{}}}", to_json(&self.summary));
        match self.parts.last_mut() {
            Some(last) => last.push_str(&end),
            None => self.parts.push(format!("{{\"results\":[{end}")),
        }
        let status = if self.summary.failed > 0 { 207 } else { 200 };
        let mut parts = self.parts.into_iter();
        let first = parts.next().unwrap_or_default();
        (Reply::success(status, first), parts.collect())
    }
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(schemars::JsonSchema),
    schemars(rename = "Import")
)]
pub(crate) struct ImportAnswer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    results: Vec<ImportRow<'a>>,
    summary: ImportSummary,
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    warnings: &'a [Problem],
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct ImportRow<'a> {
    index: usize,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<ImportedCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<RowError>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct RowError {
    class: &'static str,
    invalid_data: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct ImportedCall<'a> {
    transaction_id: Option<&'a str>,
    external_call_unique_id: Option<&'a str>,
    start_time_t: String,
    duration_in_seconds: Option<String>,
    calling_phone_number: Option<&'a str>,
    destination_phone_number: Option<&'a str>,
    advertiser_id_from_network: Option<&'a str>,
    advertiser_campaign_id_from_network: Option<&'a str>,
}

#[derive(Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct ImportSummary {
    created: usize,
    updated: usize,
    unchanged: usize,
    failed: usize,
}

/// Answers an import. The status is 403 if every row failed, 207 if some did, 201 if a call was created, or 200. A dry
/// run, which has warnings, gets 403 if every row failed, or else 200. Its body has the status that the import would get,
/// without the ids of new calls.
#[must_use]
pub fn reply_to_import(plan: &Plan, dry_run: Option<&[Problem]>) -> Reply {
    let mut summary = ImportSummary::default();
    let mut code = None;
    let mut results = Vec::with_capacity(plan.rows.len());
    for (index, done) in plan.rows.iter().enumerate() {
        let (status, count) = match done {
            ImportEffect::Created(_) => (201, &mut summary.created),
            ImportEffect::Updated(_) => (200, &mut summary.updated),
            ImportEffect::Unchanged(_) => (200, &mut summary.unchanged),
            ImportEffect::Failed(_) => (403, &mut summary.failed),
        };
        *count = count.saturating_add(1);
        let (call, errors) = match done {
            ImportEffect::Created(place)
            | ImportEffect::Updated(place)
            | ImportEffect::Unchanged(place) => {
                let has_id = dry_run.is_none() || !plan.given_ids.contains(place);
                let call = plan.calls.get(*place);
                (call.map(|call| imported(call, has_id)), None)
            }
            ImportEffect::Failed(problems) => {
                let first = problems
                    .first()
                    .map_or(Code::Internal, |problem| problem.code);
                code = code.or(Some(first));
                (None, Some(row_error(first, problems)))
            }
        };
        results.push(ImportRow {
            index,
            status,
            call,
            errors,
        });
    }
    let status = match &summary {
        summary if summary.failed == results.len() => 403,
        summary if summary.failed > 0 => 207,
        summary if summary.created > 0 => 201,
        _ => 200,
    };
    let body = to_json(&ImportAnswer {
        validate_only: dry_run.map(|_| true),
        status: dry_run.map(|_| status),
        results,
        summary,
        warnings: dry_run.unwrap_or_default(),
    });
    let is_refused = status == 403;
    Reply {
        code: code.filter(|_| is_refused),
        ..Reply::success(
            if dry_run.is_some() && !is_refused {
                200
            } else {
                status
            },
            body,
        )
    }
}

fn row_error(first: Code, problems: &[Problem]) -> RowError {
    RowError {
        class: first.class().as_str(),
        invalid_data: validation_failed(problems),
    }
}

fn imported(call: &StoredCall, has_id: bool) -> ImportedCall<'_> {
    ImportedCall {
        transaction_id: has_id.then_some(call.transaction_id.as_str()),
        external_call_unique_id: call.external_id.as_deref(),
        start_time_t: show_seconds(call.start_ms.div_euclid(1_000)),
        duration_in_seconds: call.duration.map(|seconds| seconds.to_string()),
        calling_phone_number: call.calling_phone.as_deref(),
        destination_phone_number: call.destination_phone.as_deref(),
        advertiser_id_from_network: call.advertiser_id.as_deref(),
        advertiser_campaign_id_from_network: call.campaign_id.as_deref(),
    }
}
