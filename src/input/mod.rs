//! Reads what clients send, as typed values or as the list of all problems.

pub mod batch;
pub mod calls;
pub mod export;
pub mod fields;
pub mod parameters;
pub mod query;
pub mod report;
