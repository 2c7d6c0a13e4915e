//! Finding the archived calls of a batch's rows.

use super::{ArchiveMatches, Batch};
use crate::input::report::{Report, Search};
use crate::rules::archive::ArchiveSearch;
use crate::worker::archive::{self, CallId};
use crate::worker::handlers::answer::authorize;
use crate::worker::handlers::archived::{ArchiveMatch, search};
use crate::worker::store::archive::known as known_to;
use crate::worker::store::batch::{self as store, BatchQuery, Known};
use crate::worker::store::{Cost, Failure};

/// How many parts of the archive are read at once, for all rows of a chunk: a part may be needed by many rows, and more
/// parts would not fit in memory.
const PARTS_AT_ONCE: usize = 8;

impl Batch<'_> {
    /// Looks in the archive for the calls of those rows whose call may be archived, and that were not looked up before;
    /// `None` if the token was revoked meanwhile.
    pub(super) async fn search_archive<'r>(
        &self,
        reports: &[(usize, &Report<'r>)],
        known: &Known,
        looked_up: &ArchiveMatches<'r>,
        cost: &mut Cost,
    ) -> Result<Option<ArchiveMatches<'r>>, Failure> {
        let mut by_id = Vec::new();
        let mut by_time = Vec::new();
        let path_network_id = self.context.path_network_id.as_deref();
        for (place, report) in reports {
            let Some(facts) = known.facts.get(place) else {
                continue;
            };
            if looked_up.contains_key(place) || authorize(report, path_network_id, facts).is_err() {
                continue;
            }
            match &report.search {
                Search::ById(Some(id)) if !facts.generations.is_empty() => {
                    by_id.push((*place, CallId::Transaction(id.to_string())));
                }
                Search::ByTime(_) if facts.needs_archive() => by_time.push((*place, *report)),
                _ => {}
            }
        }
        let mut found = self.find_by_id(known, by_id).await?;
        let by_time = self.search_by_time(known, by_time, cost).await?;
        Ok(by_time.map(|others| {
            found.extend(others);
            found
        }))
    }

    async fn find_by_id<'r>(
        &self,
        known: &Known,
        rows: Vec<(usize, CallId)>,
    ) -> Result<ArchiveMatches<'r>, Failure> {
        let mut facts = known.facts.values();
        let facts = facts.find(|facts| !facts.generations.is_empty());
        let generations = facts.map_or(&[][..], |facts| &facts.generations);
        let ids: Vec<CallId> = rows.iter().map(|(_, id)| id.clone()).collect();
        let archive = &self.context.archive;
        let calls = archive::find(archive, &known.network_id, generations, &ids).await?;
        let advertiser_id = known.advertiser_id.as_deref();
        let found = |(place, id): (usize, CallId)| {
            let call = calls.get(&id);
            let copy = call.filter(|call| archive::is_visible(call, advertiser_id));
            let row = ArchiveMatch {
                copy: copy.cloned(),
                ..ArchiveMatch::default()
            };
            (place, row)
        };
        Ok(rows.into_iter().map(found).collect())
    }

    /// Searches the database and the archive for the closest calls, as a single report does. The rows share the trips to
    /// the database and the parts that are read.
    async fn search_by_time<'r>(
        &self,
        known: &Known,
        rows: Vec<(usize, &Report<'r>)>,
        cost: &mut Cost,
    ) -> Result<Option<ArchiveMatches<'r>>, Failure> {
        let mut searches: Vec<RowSearch<'_, 'r>> = Vec::with_capacity(rows.len());
        for (place, report) in rows {
            if let Search::ByTime(by_time) = &report.search {
                let search = search(self.context, by_time, known.advertiser_id.as_deref());
                searches.push(RowSearch {
                    place,
                    report,
                    search,
                });
            }
        }
        loop {
            let mut active: Vec<&mut RowSearch<'_, 'r>> = searches
                .iter_mut()
                .filter(|row| row.search.needs_parts())
                .collect();
            if active.is_empty() {
                break;
            }
            if !self.list_parts(&mut active, cost).await? {
                return Ok(None);
            }
            let mut active: Vec<_> = active.into_iter().map(|row| &mut row.search).collect();
            let (kv, network_id) = (&self.context.archive, &known.network_id);
            archive::read_parts(kv, network_id, &mut active, PARTS_AT_ONCE).await?;
        }
        let found = searches.into_iter().map(|row| {
            let found = ArchiveMatch::of_search(self.context, row.report, &row.search);
            (row.place, found)
        });
        Ok(Some(found.collect()))
    }

    /// Lists the next parts for each search, with what the database knows at the same moment. Returns whether the token
    /// is still valid.
    async fn list_parts(
        &self,
        searches: &mut [&mut RowSearch<'_, '_>],
        cost: &mut Cost,
    ) -> Result<bool, Failure> {
        let reports: Vec<_> = searches.iter().map(|row| (row.place, row.report)).collect();
        let query = BatchQuery {
            searches: searches.iter().map(|row| &row.search).collect(),
            ..self.query(&reports)
        };
        let Some(now) = store::facts(&self.context.db, &query, cost).await? else {
            return Ok(false);
        };
        for (row, listed) in searches.iter_mut().zip(now.listed) {
            if let Some(facts) = now.facts.get(&row.place) {
                row.search
                    .add_database_matches(known_to(facts, now.whys.get(&row.place)));
            }
            row.search.add_parts(listed);
        }
        Ok(true)
    }
}

/// The search for a row's call.
struct RowSearch<'x, 'r> {
    /// The row's place in the chunk.
    place: usize,
    report: &'x Report<'r>,
    search: ArchiveSearch,
}
