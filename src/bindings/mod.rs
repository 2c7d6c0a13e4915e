//! JavaScript bindings. They convert between JavaScript and Rust; the rules live in [`crate::validate`] and
//! [`crate::csv_file`].

#[cfg(feature = "table")]
mod csv_file;
mod npm;
