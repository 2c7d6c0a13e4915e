//! Reads the query of a request for all records.

use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};

/// The default number of records in a page.
pub const DEFAULT_LIMIT: usize = 1_000;
/// The maximum number of records in a page.
pub const MAX_LIMIT: usize = 4_000;

/// A selection of records, in the order in which they were stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Only records written at this time or later, in Unix seconds.
    pub from: Option<i64>,
    /// Only records written at this time or earlier, in Unix seconds.
    pub to: Option<i64>,
    /// The maximum number of records.
    pub limit: usize,
    /// Only records after this one. `Some(None)` is a malformed id, which no record has.
    pub start_after: Option<Option<TransactionId>>,
}

impl Export {
    /// Reads the parameters of a query. Blank and unknown parameters are ignored; of a repeated one, the last counts.
    ///
    /// # Errors
    /// Returns a problem for each invalid parameter.
    pub fn read<'q>(
        query: impl IntoIterator<Item = (&'q str, &'q str)>,
    ) -> Result<Self, Vec<Problem>> {
        let (mut from, mut to, mut limit, mut start_after) = (None, None, None, None);
        for (name, value) in query {
            let parameter = match name {
                "from" => &mut from,
                "to" => &mut to,
                "limit" => &mut limit,
                "start_after_transaction_id" => &mut start_after,
                _ => continue,
            };
            *parameter = Some(value.trim()).filter(|value| !value.is_empty());
        }
        let mut problems = Vec::new();
        let mut time = |sent: Option<&str>, name, code| {
            let time = UnixMillis::parse(sent?).map(UnixMillis::seconds);
            if time.is_none() {
                problems.push(Problem::whole(code).with_name(name));
            }
            time
        };
        let from = time(from, "from", Code::FromFormat);
        let to = time(to, "to", Code::ToFormat);
        let limit = limit.map_or(Some(DEFAULT_LIMIT), |limit| {
            let is_plain = limit.bytes().all(|byte| byte.is_ascii_digit());
            let number = limit.parse().ok().filter(|_| is_plain);
            number.filter(|number| (1..=MAX_LIMIT).contains(number))
        });
        let Some(limit) = limit.filter(|_| problems.is_empty()) else {
            if limit.is_none() {
                let problem = Problem::whole(Code::LimitFormat).with_name("limit");
                problems.push(problem.with_max(MAX_LIMIT));
            }
            return Err(problems);
        };
        Ok(Self {
            from,
            to,
            limit,
            start_after: start_after.map(TransactionId::parse),
        })
    }
}
