#![doc = include_str!("../README.md")]

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
