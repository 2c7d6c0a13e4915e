//! The switches of the query that handlers and statements depend on.

use crate::input::query::Query;

/// What a client asks for in the query, beyond the Call Outcomes API.
#[derive(Clone, Copy, Default)]
pub struct QueryOptions {
    /// A dry run: nothing is stored.
    pub validate_only: bool,
    /// The answer explains why this call was found, or none.
    pub explain: bool,
    /// An ambiguous match is refused.
    pub unambiguous: bool,
}

impl QueryOptions {
    /// Returns the switches of a query.
    pub fn of(query: &Query) -> Self {
        Self {
            validate_only: query.is_on("validate_only"),
            explain: query.is_on("explain"),
            unambiguous: query.is_on("unambiguous"),
        }
    }

    /// Whether the explanation of a match is needed, to show it or to refuse an ambiguous match.
    pub const fn needs_explanation(self) -> bool {
        self.explain || self.unambiguous
    }

    /// How many parts of the archive beyond the window a search reads to explain why there is no match; `None` if no
    /// explanation is needed. A batch reads them for each of its rows.
    pub fn explained_parts(self) -> Option<usize> {
        const PARTS: usize = 24;
        self.needs_explanation().then_some(PARTS)
    }
}
