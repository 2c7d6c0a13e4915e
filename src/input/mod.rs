//! What clients send: each request becomes typed values, or the list of all its problems.

pub mod batch;
pub mod calls;
pub mod export;
pub mod fields;
pub mod parameters;
pub mod query;
pub mod report;
