//! Values that cannot be misused: each is read by its rule once, and valid from then on.

pub mod confidence;
pub mod money;
pub mod outcome;
pub mod phone;
pub mod time;
pub mod transaction_id;
