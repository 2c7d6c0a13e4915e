//! One use case a file.

mod answer;
pub mod batch;
pub mod health;
pub mod import;
pub mod reading;
pub mod report;
