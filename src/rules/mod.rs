//! The rules of matching, merging and importing: which call a request is about, and what it changes. They are the
//! specification of the Worker's SQL.

pub mod archive;
pub mod confidence;
pub mod explanation;
pub mod import;
pub mod matching;
pub mod merge;
