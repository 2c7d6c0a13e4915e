#![doc = include_str!("../README.md")]

pub mod batch;
pub mod calls;
pub mod explanation;
pub mod export;
pub mod ingest;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod matching;
pub mod money;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod outcome;
pub mod parameters;
pub mod phone;
pub mod problem;
pub mod problem_json;
pub mod reply;
pub mod request;
pub mod time;
pub mod transaction_id;
#[cfg(feature = "worker")]
mod worker;
