//! What a report does to the record that is current: the specification of the statement that appends.
//!
//! Not here: ids, the time, and the database.

use crate::model::outcome::{Fields, Patch};

/// What a report does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is no record yet: the first one.
    Create(Fields),
    /// Nothing differs from the current record.
    Unchanged,
    /// A new record that corrects the current one.
    Correct(Fields),
}

/// Decides what a report does, given the current record's fields, if there is one, and the time of the request
/// in Unix seconds (reference: "Updates and Idempotency").
#[must_use]
pub fn decide(current: Option<&Fields>, patch: &Patch<'_>, now: i64) -> Decision {
    let Some(current) = current else {
        return Decision::Create(patch.create(now));
    };
    let merged = patch.merge(current);
    if merged == *current {
        Decision::Unchanged
    } else {
        Decision::Correct(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn sent_fields_are_merged_and_unsent_ones_kept() {
        let first = Patch {
            description: Some(Cow::Borrowed("Honda Accord 2015")),
            ..Patch::default()
        };
        let Decision::Create(stored) = decide(None, &first, 1_440_607_999) else {
            panic!("a first report creates");
        };
        assert_eq!(stored.occurred_at, 1_440_607_999);
        assert!(stored.value);
        assert_eq!(
            decide(Some(&stored), &first, 1_440_608_000),
            Decision::Unchanged
        );
        assert_eq!(
            decide(Some(&stored), &Patch::default(), 1_440_608_000),
            Decision::Unchanged
        );

        let second = Patch {
            description: Some(Cow::Borrowed("Honda Civic 2012")),
            ..Patch::default()
        };
        let corrected = Fields {
            description: "Honda Civic 2012".to_owned(),
            ..stored.clone()
        };
        assert_eq!(
            decide(Some(&stored), &second, 1_440_608_000),
            Decision::Correct(corrected)
        );
    }
}
