//! Matching a report with a call in the archive: what single reports and batches share.

use crate::input::report::{Report, TimeSearch};
use crate::rules::archive::ArchiveSearch;
use crate::rules::explanation::Explanation;
use crate::rules::import::StoredCall;
use crate::rules::matching::Target;
use crate::worker::context::RequestContext;
use crate::worker::query_options::QueryOptions;

/// What the archive knows of a report's call.
#[derive(Default)]
pub struct ArchiveMatch<'r> {
    /// The report by the id of its call, if it was searched for by time and found.
    pub by_id: Option<Report<'r>>,
    /// The call's copy, if it is archived.
    pub copy: Option<StoredCall>,
    /// Why a search by time found the call, or none, if that is needed.
    pub explanation: Option<Explanation>,
}

impl<'r> ArchiveMatch<'r> {
    /// Returns the result of a finished search for the call of `report`.
    pub fn of_search(
        context: &RequestContext<'_>,
        report: &Report<'r>,
        search: &ArchiveSearch,
    ) -> Self {
        let closest = search.closest();
        Self {
            by_id: closest.map(|(call, _)| report.with_call(call.transaction_id)),
            copy: closest.and_then(|(_, copy)| copy.cloned()),
            explanation: context
                .options
                .needs_explanation()
                .then(|| search.explain(&context.config.matching)),
        }
    }

    /// Whether the report is refused because its match is ambiguous, so that nothing is put back for it.
    pub fn is_refused(&self, options: QueryOptions) -> bool {
        let explanation = self.explanation.as_ref();
        options.unambiguous && explanation.is_some_and(Explanation::is_ambiguous)
    }
}

/// Begins a search of the database and the archive for the closest call.
pub fn search(
    context: &RequestContext<'_>,
    search: &TimeSearch<'_>,
    advertiser_id: Option<&str>,
) -> ArchiveSearch {
    let target = Target::new(search, &context.config.matching);
    ArchiveSearch::new(target, advertiser_id, context.options.explained_parts())
}
