//! Merges a report with the current record. This is the specification of the statement that appends a record.

use crate::model::outcome::{Fields, Patch};

/// The effect of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The first record of an outcome.
    Create(Fields),
    /// Nothing, because the current record has the same fields.
    Unchanged,
    /// A new record that corrects the current one.
    Correct(Fields),
}

/// Decides the effect of a report on the fields of the current record, if there is one. `now` is the time of the
/// request in Unix seconds.
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
