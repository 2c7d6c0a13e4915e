//! The use cases, one a file. A handler returns a [`Success`](super::result::Success) or a
//! [`Refusal`](super::result::Refusal); `response` turns either into HTTP.
//!
//! [`prologue`] has the checks that come before the database, [`answer`] and [`archived`] what single reports and
//! batches share, and [`record_stream`] what the two ways to read records share.

mod answer;
mod archived;
pub mod batch;
pub mod config;
pub mod health;
pub mod import;
mod prologue;
pub mod read;
mod record_stream;
pub mod report;
pub mod transactions;
