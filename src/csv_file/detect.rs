//! Detects the format of a file from its first rows: CSV or JSON, what separates the cells, and what the columns hold.
//! A person can change each of these. Encodings are detected in JavaScript.

use serde::Serialize;

use super::amount::{self, DecimalMark};
use super::check::declared_delimiter;
use super::records::Records;
use super::time::{self, Style, Zone};
use super::{Content, Target};
use crate::input::fields::nearest;
use crate::model::money::Cents;
use crate::model::time::UnixMillis;
use crate::problem::Code;
use crate::response::csv::unescape_formula;

/// What can separate cells.
pub const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How many rows are looked at.
const ROWS: usize = 200;
/// How many cells of a column are shown.
const SHOWN: usize = 3;

/// What else columns are called.
const SYNONYMS: [(&str, &[&str]); 15] = [
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
        "external_call_unique_id",
        &[
            "external_id",
            "external_call_id",
            "external_unique_id",
            "unique_call_id",
            "unique_id",
        ],
    ),
    (
        "destination_phone_number",
        &[
            "destination",
            "destination_number",
            "destination_phone",
            "called_number",
            "called_phone",
            "dialed_number",
            "to_number",
            "dnis",
        ],
    ),
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

/// The detected format of a file.
#[derive(Serialize)]
pub struct FileFormat {
    /// `csv` or `ndjson`.
    kind: &'static str,
    delimiter: String,
    columns: Vec<DetectedColumn>,
}

#[derive(Serialize)]
struct DetectedColumn {
    name: String,
    parameter: Option<&'static str>,
    /// Whether its name is the parameter's own, and no synonym or typing error.
    is_exact: bool,
    /// How it writes times, if it does.
    time: DetectedFormat,
    /// How it writes amounts, if it does.
    amount: DetectedFormat,
    /// Whether one of its times has no offset from UTC.
    needs_zone: bool,
    cells: Vec<String>,
}

#[derive(Serialize)]
struct DetectedFormat {
    format: &'static str,
    /// Whether it fits all cells that any format fits, and no other does.
    sure: bool,
    /// Every format that fits one of the cells.
    fits: Vec<&'static str>,
}

/// Detects the format of a file; `delimiter` is what separates its cells, where that is known.
#[must_use]
pub fn detect(
    content: Content,
    sample: &[u8],
    is_whole: bool,
    delimiter: Option<u8>,
) -> FileFormat {
    let first = sample.trim_ascii_start().first();
    if delimiter.is_none() && first == Some(&b'{') {
        return FileFormat {
            kind: "ndjson",
            delimiter: String::new(),
            columns: Vec::new(),
        };
    }
    let delimiter = delimiter.unwrap_or_else(|| find_delimiter(sample, is_whole));
    let mut rows = rows(sample, is_whole, delimiter).into_iter();
    let mut header = rows.next().unwrap_or_default();
    let rows: Vec<Vec<String>> = rows.collect();
    // Spreadsheets add empty cells after the last column.
    let is_empty = |name: &String| name.trim().is_empty();
    while header.last().is_some_and(is_empty)
        && rows
            .iter()
            .all(|row| row.get(header.len().saturating_sub(1)).is_none_or(is_empty))
    {
        header.pop();
    }
    let mut taken: Vec<Target> = Vec::new();
    let columns = header.iter().enumerate().map(|(place, name)| {
        let name = unescape_formula(name);
        let found = find_target(content, name).filter(|(target, _)| !taken.contains(target));
        // In a file of reports each detected column can be changed. In one of calls a name that is not exact is only a
        // hint, and leaves the parameter to others.
        let is_certain = |is_exact: bool| is_exact || content == Content::Reports;
        taken.extend(found.and_then(|(target, is_exact)| is_certain(is_exact).then_some(target)));
        let cells = rows.iter().filter_map(|row| row.get(place));
        detect_column(name, found, cells.map(|cell| cell.trim()))
    });
    FileFormat {
        kind: "csv",
        delimiter: char::from(delimiter).to_string(),
        columns: columns.collect(),
    }
}

fn detect_column<'c>(
    name: &str,
    found: Option<(Target, bool)>,
    cells: impl Iterator<Item = &'c str>,
) -> DetectedColumn {
    let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
    let time = best(&Style::ALL, &cells, is_time, Style::name);
    let style = Style::ALL.into_iter().find(|s| s.name() == time.format);
    let is_local =
        |cell: &&str, style| time::read(cell, style, &Zone::UNKNOWN) == Err(Code::CellTimeZone);
    DetectedColumn {
        name: name.to_owned(),
        parameter: found.map(|(target, _)| target.name()),
        is_exact: found.is_some_and(|(_, is_exact)| is_exact),
        needs_zone: style.is_some_and(|style| cells.iter().any(|cell| is_local(cell, style))),
        time,
        amount: best(&DecimalMark::ALL, &cells, is_amount, DecimalMark::name),
        cells: cells
            .iter()
            .take(SHOWN)
            .map(|&cell| cell.to_owned())
            .collect(),
    }
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
    if rows
        .first()
        .is_some_and(|cells| declared_delimiter(cells, delimiter).is_some())
    {
        rows.remove(0);
    }
    rows
}

/// The delimiter by which most rows have as many cells as the header, and that many.
fn find_delimiter(sample: &[u8], is_whole: bool) -> u8 {
    let first = sample.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    let first = String::from_utf8_lossy(first.unwrap_or_default());
    let said = declared_delimiter(&[first.trim_matches('"')], 0);
    if let Some(delimiter) = said.filter(|delimiter| DELIMITERS.contains(delimiter)) {
        return delimiter;
    }
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

/// The parameter that a header means, and whether by its name; else by what else it is called, or a typing error.
fn find_target(content: Content, header: &str) -> Option<(Target, bool)> {
    let words = header.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let name = words.join("_").to_lowercase();
    if let Some(target) = Target::find(content, &name) {
        return Some((target, true));
    }
    let synonym = |(target, others): &(&str, &[&str])| {
        let is_synonym = others.contains(&name.as_str());
        is_synonym.then(|| Target::find(content, target)).flatten()
    };
    let target = SYNONYMS.iter().find_map(synonym).or_else(|| {
        let names: Vec<&str> = Target::all(content).map(Target::name).collect();
        Target::find(content, nearest(&name, &names)?)
    });
    Some((target?, false))
}

fn is_time(style: Style, cell: &str) -> bool {
    let time = time::read(cell, style, &Zone::default());
    time.is_ok_and(|time| UnixMillis::parse(&time).is_some())
}

fn is_amount(mark: DecimalMark, cell: &str) -> bool {
    amount::read(cell, mark).is_ok_and(|amount| Cents::parse(&amount).is_ok())
}

/// The first of the formats that most cells fit.
fn best<F: Copy>(
    formats: &[F],
    cells: &[&str],
    fits: fn(F, &str) -> bool,
    name: fn(F) -> &'static str,
) -> DetectedFormat {
    let fitting = |format: &F| -> Vec<bool> { cells.iter().map(|c| fits(*format, c)).collect() };
    let all: Vec<(F, Vec<bool>)> = formats.iter().map(|f| (*f, fitting(f))).collect();
    let count = |fit: &[bool]| fit.iter().filter(|fits| **fits).count();
    // Of equals the last is taken, so the plainest comes last.
    let best = all.iter().rev().max_by_key(|(_, fit)| count(fit));
    let (format, best) = best.map_or(("", &[][..]), |(f, fit)| (name(*f), fit));
    let is_less = |fit: &[bool]| {
        let beyond = fit.iter().zip(best).any(|(fits, best)| *fits && !best);
        !beyond && count(fit) < count(best)
    };
    DetectedFormat {
        format,
        sure: all.iter().filter(|(_, fit)| !is_less(fit)).count() == 1,
        fits: all
            .iter()
            .filter(|(_, fit)| count(fit) > 0)
            .map(|(f, _)| name(*f))
            .collect(),
    }
}
