//! JavaScript bindings of [`crate::csv_file`], for the playground's page for files and the command that loads calls.
//!
//! Settings and results are plain objects. Rows stay in WebAssembly: chunks of a file come in, chunks of files go out.

use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::{Error, Serializer, from_value};
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use crate::csv_file::Content;
use crate::csv_file::check::{Check, Settings};
use crate::csv_file::columns::{ColumnSettings, parameters};
use crate::csv_file::detect::detect;
use crate::csv_file::time::offset_of;
use crate::input::report::Rules;
use crate::json::Reader;
use crate::model::phone::CountryCode;
use crate::response::csv::write_line;

/// What is known of a file before it is looked at.
#[derive(Deserialize)]
struct Sample {
    content: Content,
    delimiter: Option<char>,
    /// Whether the sample is the whole file.
    is_whole: bool,
}

/// How a file is read and checked.
#[derive(Deserialize)]
struct FileSettings {
    content: Content,
    /// What separates the cells; without it, each line is JSON.
    delimiter: Option<char>,
    columns: Vec<ColumnSettings>,
    default_country_code: String,
    /// Whether an unknown key refuses its row.
    strict: bool,
    /// How many of the first rows [`FileCheck::preview`] returns.
    preview_rows: usize,
}

impl FileSettings {
    fn check(self) -> Result<Check, JsError> {
        let country = CountryCode::parse(&self.default_country_code)
            .ok_or_else(|| JsError::new("default_country_code must have 1 to 3 digits"))?;
        let rules = Rules {
            country,
            strict: self.strict,
        };
        let content = self.content;
        let columns = self.columns.into_iter();
        let columns = columns.map(|column| column.column(content)).collect();
        let settings = match self.delimiter.and_then(to_byte) {
            Some(delimiter) => Settings::Csv(delimiter, columns),
            None => Settings::Ndjson,
        };
        Ok(Check::new(content, settings, rules, self.preview_rows))
    }
}

fn to_byte(delimiter: char) -> Option<u8> {
    delimiter.try_into().ok()
}

fn to_object(value: &(impl Serialize + ?Sized)) -> Result<JsValue, Error> {
    value.serialize(&Serializer::json_compatible())
}

/// Detects the format of a file from its first bytes.
///
/// # Errors
/// Where the settings are not those of a sample.
#[wasm_bindgen(js_name = detectFormat)]
pub fn detect_format(bytes: &[u8], settings: JsValue) -> Result<JsValue, Error> {
    let Sample {
        content,
        delimiter,
        is_whole,
    } = from_value(settings)?;
    let delimiter = delimiter.and_then(to_byte);
    to_object(&detect(content, bytes, is_whole, delimiter))
}

/// Lists the parameters that a column can hold, each with its formats.
///
/// # Errors
/// Where the content is neither `reports` nor `calls`.
#[wasm_bindgen(js_name = columnParameters)]
pub fn column_parameters(content: JsValue) -> Result<JsValue, Error> {
    let all: Vec<_> = parameters(from_value(content)?).collect();
    to_object(&all)
}

/// Returns the seconds of an offset such as `+02:00`, if it is one.
#[must_use]
#[wasm_bindgen(js_name = offsetOf)]
pub fn offset(text: &str) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "less than a day in seconds")]
    offset_of(text).map(|seconds| seconds as f64)
}

/// Writes cells as a line of CSV, none of which a spreadsheet runs as a formula.
#[must_use]
#[wasm_bindgen(js_name = toCsv)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "a list of texts comes from JavaScript by value"
)]
pub fn csv_line(cells: Vec<String>) -> Vec<u8> {
    let mut line = Vec::new();
    write_line(&mut line, b',', cells.iter().map(String::as_str));
    line
}

/// Says why and where a text is not a JSON object, if it is not.
#[must_use]
#[wasm_bindgen(js_name = jsonError)]
pub fn json_error(text: &str) -> Option<String> {
    let read = Reader::object(text).and_then(|mut reader| {
        reader.value()?;
        reader.end()
    });
    read.err().map(|error| error.message(text))
}

/// The check of a file.
#[wasm_bindgen]
pub struct FileCheck(Check);

#[wasm_bindgen]
impl FileCheck {
    /// Begins a check.
    ///
    /// # Errors
    /// Where the country code is invalid, or the settings are not those of a file.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: JsValue) -> Result<Self, JsError> {
        let settings: FileSettings = from_value(settings)?;
        settings.check().map(Self)
    }

    /// Reads a chunk; an empty one is the end.
    #[wasm_bindgen]
    pub fn read(&mut self, chunk: &[u8]) {
        if chunk.is_empty() {
            self.0.finish();
        } else {
            self.0.read(chunk);
        }
    }

    /// Refuses a good row after all, for a reason that only the server knew.
    #[wasm_bindgen]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a list of texts comes from JavaScript by value"
    )]
    pub fn reject(&mut self, line: usize, cells: Vec<String>, error: &str) {
        self.0.reject(line, &cells, error);
    }

    /// Makes this a second reading that only sets good rows aside, which [`Self::take_bad`] returns. `places` are theirs
    /// among the good rows, in order. Called before the first chunk.
    #[wasm_bindgen(js_name = setAside)]
    pub fn set_aside(&mut self, places: Vec<usize>, confidences: Vec<String>) {
        self.0
            .set_aside(places.into_iter().zip(confidences).collect());
    }

    /// Returns the good rows since the last call, one a line.
    #[wasm_bindgen(js_name = takeGood)]
    pub fn take_good(&mut self) -> Vec<u8> {
        self.0.take_good()
    }

    /// Returns the bad rows since the last call, as CSV or lines.
    #[wasm_bindgen(js_name = takeBad)]
    pub fn take_bad(&mut self) -> Vec<u8> {
        self.0.take_bad()
    }

    /// Returns the text since the last call that could not be cut into rows of calls. Write it after all bad rows.
    #[wasm_bindgen(js_name = takeUnread)]
    pub fn take_unread(&mut self) -> Vec<u8> {
        self.0.take_unread()
    }

    /// Returns the numbers of all, good and bad rows so far. A list of numbers, as it is asked for with every chunk.
    #[must_use]
    #[wasm_bindgen]
    pub fn counts(&self) -> Vec<usize> {
        self.0.counts().to_vec()
    }

    /// Sums up the check so far: counts, and the first problems of each kind.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen]
    pub fn summary(&self) -> Result<JsValue, Error> {
        to_object(self.0.summary())
    }

    /// Returns the first rows, before and after.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen]
    pub fn preview(&self) -> Result<JsValue, Error> {
        to_object(self.0.preview())
    }

    /// Returns what identifies the good rows, to know them again.
    #[must_use]
    #[wasm_bindgen]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }
}
