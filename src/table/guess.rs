//! What a file seems to be, from its first rows: its kind, what separates its cells, and what its columns hold. Each
//! guess can be changed.
//!
//! Not here: encodings.

use serde::Serialize;

use super::Target;
use super::amount::{self, Mark};
use super::records::Records;
use super::time::{self, Style, Zone};
use crate::money::Cents;
use crate::parameters::nearest;
use crate::time::UnixMillis;
use crate::write::to_json;

/// What can separate cells.
pub const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How many rows are looked at.
const ROWS: usize = 200;
/// How many cells of a column are shown.
const SHOWN: usize = 3;

/// What else columns are called.
const SYNONYMS: [(&str, &[&str]); 13] = [
    (
        "transaction_id",
        &["call_id", "call_transaction_id", "call_record_id"],
    ),
    (
        "start_time_t",
        &[
            "start_time",
            "start",
            "started",
            "started_at",
            "call_start",
            "call_start_time",
            "call_started",
            "call_started_at",
            "call_time",
            "call_date",
        ],
    ),
    (
        "calling_phone_number",
        &[
            "phone",
            "phone_number",
            "telephone",
            "tel",
            "mobile",
            "caller",
            "caller_id",
            "caller_number",
            "caller_phone",
            "calling_number",
            "calling_phone",
            "customer_phone",
            "from_number",
            "ani",
        ],
    ),
    (
        "duration_in_seconds",
        &[
            "duration",
            "call_duration",
            "duration_seconds",
            "length",
            "call_length",
            "seconds",
        ],
    ),
    (
        "advertiser_id_from_network",
        &["advertiser", "advertiser_id"],
    ),
    (
        "advertiser_campaign_id_from_network",
        &["campaign", "campaign_id", "advertiser_campaign_id"],
    ),
    ("network_id", &["network"]),
    (
        "outcome_name",
        &["outcome", "result", "disposition", "event", "event_name"],
    ),
    (
        "partner_unique_id",
        &[
            "unique_id",
            "partner_id",
            "order",
            "order_id",
            "order_number",
            "lead_id",
            "opportunity_id",
            "reference",
        ],
    ),
    (
        "description",
        &[
            "comment", "comments", "note", "notes", "remark", "remarks", "details",
        ],
    ),
    (
        "occurred_at_time_t",
        &[
            "occurred",
            "occurred_at",
            "sale_date",
            "sale_time",
            "sold_at",
            "closed_at",
            "close_date",
            "order_date",
            "outcome_time",
            "outcome_date",
        ],
    ),
    (
        "sale_amount",
        &["amount", "revenue", "price", "total", "sale", "sale_value"],
    ),
    ("value", &["met", "converted", "is_met"]),
];

#[derive(Serialize)]
struct Guess {
    kind: &'static str,
    delimiter: String,
    columns: Vec<GuessedColumn>,
}

#[derive(Serialize)]
struct GuessedColumn {
    name: String,
    parameter: Option<&'static str>,
    /// How it writes times, if it does.
    time: Guessed,
    /// How it writes amounts, if it does.
    amount: Guessed,
    cells: Vec<String>,
}

#[derive(Serialize)]
struct Guessed {
    format: &'static str,
    /// Whether no other format fits the cells as well.
    sure: bool,
}

/// What a file seems to be, as JSON; `delimiter` is what separates its cells, where that is known.
#[must_use]
pub fn guess(sample: &[u8], is_whole: bool, delimiter: Option<u8>) -> String {
    let first = sample.trim_ascii_start().first();
    if delimiter.is_none() && first == Some(&b'{') {
        return to_json(&Guess {
            kind: "ndjson",
            delimiter: String::new(),
            columns: Vec::new(),
        });
    }
    let delimiter = delimiter.unwrap_or_else(|| find_delimiter(sample, is_whole));
    let mut rows = rows(sample, is_whole, delimiter).into_iter();
    let header = rows.next().unwrap_or_default();
    let rows: Vec<Vec<String>> = rows.collect();
    let mut taken: Vec<Target> = Vec::new();
    let columns = header.into_iter().enumerate().map(|(place, name)| {
        let target = find_target(&name).filter(|target| !taken.contains(target));
        taken.extend(target);
        let cells: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.get(place).map(|cell| cell.trim()))
            .filter(|cell| !cell.is_empty())
            .collect();
        GuessedColumn {
            name,
            parameter: target.map(Target::name),
            time: best(&Style::ALL, &cells, is_time, Style::name),
            amount: best(&Mark::ALL, &cells, is_amount, Mark::name),
            cells: cells
                .iter()
                .take(SHOWN)
                .map(|&cell| cell.to_owned())
                .collect(),
        }
    });
    to_json(&Guess {
        kind: "csv",
        delimiter: char::from(delimiter).to_string(),
        columns: columns.collect(),
    })
}

fn rows(sample: &[u8], is_whole: bool, delimiter: u8) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut records = Records::new(delimiter);
    let mut keep = |record: super::records::Record<'_>| {
        if rows.len() <= ROWS {
            rows.push(record.lossy_cells());
        }
    };
    records.read(sample, &mut keep);
    if is_whole {
        records.finish(&mut keep);
    }
    rows
}

/// The delimiter by which most rows have as many cells as the header, and that many.
fn find_delimiter(sample: &[u8], is_whole: bool) -> u8 {
    let fit = |delimiter: u8| {
        let rows = rows(sample, is_whole, delimiter);
        let cells = rows.first().map_or(0, Vec::len);
        let alike = rows.iter().filter(|row| row.len() == cells).count();
        (cells > 1).then_some((alike, cells))
    };
    // Of equals the last is taken, so the most usual one comes last.
    let best = DELIMITERS.into_iter().rev().max_by_key(|each| fit(*each));
    best.unwrap_or(b',')
}

/// The parameter that a header means: by its name, what else it is called, or a typing error.
fn find_target(header: &str) -> Option<Target> {
    let words = header.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let name = words.join("_").to_lowercase();
    let synonym = |(_, others): &&(&str, &[&str])| others.contains(&name.as_str());
    Target::find(&name)
        .or_else(|| Target::find(SYNONYMS.iter().find(synonym)?.0))
        .or_else(|| {
            let names: Vec<&str> = Target::all().map(Target::name).collect();
            Target::find(nearest(&name, &names)?)
        })
}

fn is_time(style: Style, cell: &str) -> bool {
    let time = time::read(cell, style, &Zone::default());
    time.is_ok_and(|time| UnixMillis::parse(&time).is_some())
}

fn is_amount(mark: Mark, cell: &str) -> bool {
    amount::read(cell, mark).is_ok_and(|amount| Cents::parse(&amount).is_ok())
}

/// The first of the formats that most cells fit.
fn best<F: Copy>(
    formats: &[F],
    cells: &[&str],
    fits: fn(F, &str) -> bool,
    name: fn(F) -> &'static str,
) -> Guessed {
    let count = |format: &F| cells.iter().filter(|cell| fits(*format, cell)).count();
    let counts: Vec<usize> = formats.iter().map(count).collect();
    let most = counts.iter().copied().max();
    let is_best = |count: &usize| Some(*count) == most;
    let format = formats
        .iter()
        .zip(&counts)
        .find(|(_, count)| is_best(count));
    Guessed {
        format: format.map_or("", |(format, _)| name(*format)),
        sure: counts.iter().filter(|count| is_best(count)).count() == 1,
    }
}
