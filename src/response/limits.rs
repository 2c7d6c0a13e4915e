//! The list of all limits, which `/config.json` and the npm package publish. Each limit is defined next to its rule.

use crate::input::{batch, calls, export, fields, report};
use crate::json;
use crate::model::transaction_id;
use crate::rules::explanation;

/// The names and values of the limits: bytes of bodies, rows of lists, characters of texts.
pub const LIMITS: [(&str, usize); 13] = [
    ("body_bytes", report::MAX_BODY),
    ("nesting_levels", json::MAX_DEPTH),
    ("name_characters", fields::MAX_NAME),
    ("description_characters", fields::MAX_DESCRIPTION),
    ("duration_digits", fields::MAX_DURATION_DIGITS),
    ("transaction_id_characters", transaction_id::MAX_LENGTH),
    ("batch_body_bytes", batch::MAX_BODY),
    ("batch_line_bytes", batch::MAX_LINE),
    ("batch_rows", batch::MAX_ROWS),
    ("import_body_bytes", calls::MAX_BODY),
    ("import_rows", calls::MAX_ROWS),
    ("export_records", export::MAX_LIMIT),
    ("counted_candidates", explanation::MAX_CANDIDATES),
];
