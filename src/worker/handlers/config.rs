//! Showing the public part of the configuration.

use crate::worker::config::Config;
use crate::worker::result::Success;

/// Returns the variables that change validation and matching.
pub fn config(config: &Config) -> Success {
    Success::json(200, config.public())
}
