//! The rules of the Call Outcomes API (version 2015-08-17) of Invoca, with which a business reports the outcome of a phone
//! call, as a Cloudflare Worker and as an npm package.
//!
//! Without features, this crate is the core: it reads a report and finds every problem in it, decides which call a search
//! means and what a report changes, and writes the answers. It does no I/O, has no clock and knows no JavaScript: the
//! time, the random bits of ids and the stored data are arguments.
//!
//! # Reading a report
//!
//! [`request::read`] returns a report, or all of its problems at once:
//!
//! ```
//! use call_outcomes::problem::Code;
//! use call_outcomes::request::{self, Rules};
//!
//! let body = r#"{
//!     "search": {"transaction_id": "00000000-00000001"},
//!     "call_outcome": {"outcome_name": "Sale", "sale_amount": "$100.00", "value": "maybe"}
//! }"#;
//! let reading = request::read(body, Rules::default()).expect("the body is a JSON object");
//! let problems = reading.report.expect_err("two fields are wrong");
//!
//! assert_eq!(problems[0].code, Code::SaleAmountCurrency);
//! assert_eq!(problems[0].pointer, "/call_outcome/sale_amount");
//! assert_eq!(problems[0].fix.as_deref(), Some("100.00"));
//! assert_eq!(problems[1].code.as_str(), "value.format");
//! ```
//!
//! [`verdict::validate`] returns the same as JSON, with the line and column of each problem. It is what `validate` of the
//! npm package calls.
//!
//! # Merging
//!
//! [`ledger::decide`] says what a report does to the record that is stored:
//!
//! ```
//! use call_outcomes::ledger::{Decision, decide};
//! use call_outcomes::outcome::Patch;
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
//! | Modules | Contents |
//! |---|---|
//! | [`json`], [`mod@write`] | Reading JSON with positions and exact numbers; writing it |
//! | [`money`], [`phone`], [`time`], [`transaction_id`], [`outcome`] | Values: each is read by its rule once, and valid from then on |
//! | [`problem`], [`problem_json`] | The registry of codes, and problems as RFC 9457 documents |
//! | [`parameters`], [`request`], [`batch`], [`calls`], [`query`], [`limits`] | What clients send, and its rules |
//! | [`matching`], [`explanation`], [`archive`] | Which call a search means, and why |
//! | [`ledger`], [`ingest`] | What a report and an import change |
//! | [`reply`], [`export`], [`normal`] | Answers, exports and the normal form of a request |
//! | [`verdict`], [`closest`] | Validating and matching without a server |
//! | [`table`] | Files of outcomes and calls |
//!
//! The SQL of the Worker repeats [`matching`] and [`ledger`], which are its specification. ARCHITECTURE.md in the
//! repository says why, and which tests compare the two.
//!
//! # Features
//!
//! - `worker`: the Cloudflare Worker. Excludes `npm`, because an export of the package would become a method of the Worker.
//! - `npm`: the JavaScript bindings of the npm package.
//! - `table`: `npm`, and the bindings of the page for CSV files, which loads a WebAssembly file of its own.
//! - `openapi`: the OpenAPI document. Native only, because the build writes the document to a file.

pub mod archive;
pub mod batch;
pub mod calls;
pub mod closest;
pub mod explanation;
pub mod export;
pub mod ingest;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod matching;
pub mod money;
pub mod normal;
#[cfg(feature = "npm")]
mod npm;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod outcome;
pub mod parameters;
pub mod phone;
pub mod problem;
pub mod problem_json;
pub mod query;
pub mod reply;
pub mod request;
pub mod table;
pub mod time;
pub mod transaction_id;
pub mod verdict;
#[cfg(feature = "worker")]
mod worker;
pub mod write;

#[cfg(all(feature = "npm", feature = "worker"))]
compile_error!(
    "`npm` and `worker` exclude each other: an export of the package would become a method of the Worker"
);
