//! The rules of the Call Outcomes API (version 2015-08-17) of Invoca, with which a business reports the outcome of a phone
//! call, as a Cloudflare Worker and as an npm package.
//!
//! Without features, this crate is the core: it reads a report and finds every problem in it, decides which call a search
//! means and what a report changes, and writes the answers. It does no I/O, has no clock and knows no JavaScript: the
//! time, the random bits of ids and the stored data are arguments.
//!
//! # Reading a report
//!
//! [`input::report::read`] returns a report, or all of its problems at once:
//!
//! ```
//! use call_outcomes::problem::Code;
//! use call_outcomes::input::report::{self, Rules};
//!
//! let body = r#"{
//!     "search": {"transaction_id": "00000000-00000001"},
//!     "call_outcome": {"outcome_name": "Sale", "sale_amount": "$100.00", "value": "maybe"}
//! }"#;
//! let request = report::read(body, Rules::default()).expect("the body is a JSON object");
//! let problems = request.report.expect_err("two fields are wrong");
//!
//! assert_eq!(problems[0].code, Code::SaleAmountCurrency);
//! assert_eq!(problems[0].pointer, "/call_outcome/sale_amount");
//! assert_eq!(problems[0].fix.as_deref(), Some("100.00"));
//! assert_eq!(problems[1].code.as_str(), "value.format");
//! ```
//!
//! [`validate::validate`] returns the same as JSON, with the line and column of each problem. It is what `validate` of the
//! npm package calls.
//!
//! # Merging
//!
//! [`rules::merge::decide`] says what a report does to the record that is stored:
//!
//! ```
//! use call_outcomes::rules::merge::{Decision, decide};
//! use call_outcomes::model::outcome::Patch;
//!
//! let report = Patch { description: Some("1 year contract".into()), ..Patch::default() };
//! let Decision::Create(stored) = decide(None, &report, 1_440_607_313) else { panic!() };
//! assert_eq!(decide(Some(&stored), &report, 1_440_607_400), Decision::Unchanged);
//!
//! let correction = Patch { value: Some(false), ..Patch::default() };
//! let Decision::Correct(merged) = decide(Some(&stored), &correction, 1_440_607_400) else { panic!() };
//! assert_eq!(merged.description, "1 year contract");
//! ```
//!
//! # Modules
//!
//! From the top down. A module uses only those below it, and nothing uses the bindings or the Worker. In particular,
//! [`input`] returns problems, and only [`response`] makes answers of them.
//!
//! | Module | Contents |
//! |---|---|
//! | [`csv_file`] | Files of outcomes and calls |
//! | [`validate`] | Validating a request and finding the closest call without a server |
//! | [`response`] | Answers: JSON, problem documents, CSV |
//! | [`rules`] | Which call a request is about, and what it changes |
//! | [`input`] | What clients send, as typed values or as a list of problems |
//! | [`model`] | Amounts, phone numbers, times, ids and outcomes |
//! | [`json`] | Reading JSON with positions and exact numbers; writing it |
//! | [`problem`] | The registry of problem codes |
//!
//! The SQL of the Worker repeats [`rules::matching`] and [`rules::merge`], which are its specification. ARCHITECTURE.md in the
//! repository says why, and which tests compare the two.
//!
//! # Features
//!
//! - `worker`: the Cloudflare Worker. Excludes `npm`, because an export of the package would become a method of the Worker.
//! - `npm`: the JavaScript bindings of the npm package.
//! - `table`: `npm`, and the bindings of the page for CSV files, which loads a WebAssembly file of its own.
//! - `openapi`: the OpenAPI document. Native only, because the build writes the document to a file.

#[cfg(feature = "npm")]
mod bindings;
pub mod csv_file;
pub mod input;
pub mod json;
pub mod model;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod problem;
pub mod response;
pub mod rules;
pub mod validate;
#[cfg(feature = "worker")]
mod worker;

#[cfg(all(feature = "npm", feature = "worker"))]
compile_error!(
    "`npm` and `worker` exclude each other: an export of the package would become a method of the Worker"
);
