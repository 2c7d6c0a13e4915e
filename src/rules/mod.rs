//! The result of a request: which call it is about, and what it changes. The Worker's SQL is held to these functions.

pub mod archive;
pub mod confidence;
pub mod explanation;
pub mod import;
pub mod matching;
pub mod merge;
