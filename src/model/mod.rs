//! Typed values. Each is parsed by its rule once and is valid from then on.

pub mod confidence;
pub mod money;
pub mod outcome;
pub mod phone;
pub mod time;
pub mod transaction_id;
