//! The SQL that finds a report's call: expressions over the token `t`, composed by what the search names.
//!
//! An expression refers to values as parameters, so that a batch can put the columns of its rows in their place.

use super::template::Template;
use crate::input::report::{Search, TimeSearch};
use crate::rules::confidence::{MatchSettings, NEIGHBOURS};
use crate::rules::explanation::MAX_CANDIDATES;

/// Whether the token sees the campaign that was named.
const CAMPAIGN: &str = include_str!("sql/match/campaign.sql");

const BY_ID: &str = include_str!("sql/match/by_id.sql");
const ACCESS: &str = include_str!("sql/match/access.sql");
const NEAREST: &str = include_str!("sql/match/nearest.sql");
const CLOSEST: &str = include_str!("sql/match/closest.sql");
const CLOSEST_OF_NETWORK: &str = include_str!("sql/match/closest_of_network.sql");
const NEAR: &str = include_str!("sql/match/near.sql");
/// How many candidates are read on either side of the wanted start: as many as the confidence needs, and enough to tell
/// whether there are more of them than are counted.
const NEAREST_READ: usize = if NEIGHBOURS > MAX_CANDIDATES {
    NEIGHBOURS
} else {
    MAX_CANDIDATES + 1
};
const EXPLAIN: &str = include_str!("sql/match/explain.sql");
const ARCHIVED: &str = include_str!("sql/archive/archived.sql");
const GENERATIONS: &str = include_str!("sql/archive/generations.sql");

/// How many milliseconds of start time a second of duration counts as. It is never 0: see [`SearchShape::of`].
const SECOND: &str = ":duration_weight";

/// The preference of the call `c`, a text: its distance in 16 digits, then the difference of the starts and its start in 15 each.
///
/// The lowest text is the call that `matching::Target::preference` puts first, but for its last tie-break, the transaction
/// id. With a wanted start of 1435993202000, a call that started 2 s before and is 3 s too long or too short has the
/// preference `0000000000062000` `000000000002000` `001435993200000`, if a second of duration counts as 20 of start.
///
/// It is packed into one value because a step of a recursive statement gets one value from each index seek. `min()` of
/// these texts then selects a call together with all that the next step needs of it. Neither JSON arrays nor row values
/// can (arrays do not compare as numbers, and a subquery in an expression returns one column), and finding the rest by the
/// call's id would read a row more a call.
const PREFERENCE: &str =
    "printf('%016d%015d%015d', {{distance}}, abs(c.start_ms - :start), c.start_ms)";

/// A preference that is worse than every call's.
const NONE: &str = "'9999999999999999999999999999999999999999999999'";

/// How far the next ring of `closest.sql` reaches: no farther than the distance of the best call so far.
const REACH: &str = "min(walk.next, CAST(substr(walk.best, 1, 16) AS INTEGER))";

/// The expressions that `closest_of_network.sql` repeats, each before those that it uses.
const NETWORK_PARTS: [(&str, &str); 12] = [
    // The least distance of the calls that neither walk has seen.
    (
        "unseen",
        "min({{after_off}}, {{before_off}}) + {{second}} * min({{high_off}}, {{low_off}})",
    ),
    // How far the walk over the starts has come on each side, in milliseconds.
    ("after_off", "ifnull({{after_start}} - :start, {{far}})"),
    ("before_off", "ifnull(:start - {{before_start}}, {{far}})"),
    // Which duration is next: the one that differs less.
    ("next_duration", "iif({{is_low_next}}, walk.low, walk.high)"),
    ("is_low_next", "{{high_off}} > {{low_off}}"),
    // How far the walk over the durations has come on each side, in seconds.
    ("high_off", "ifnull(walk.high - :duration, {{far}})"),
    ("low_off", "ifnull(:duration - walk.low, {{far}})"),
    // Farther than any call is.
    ("far", "2000000000000000"),
    // The best preference so far.
    (
        "best",
        "min(walk.best, walk.found, ifnull(substr(walk.after, 1, 46), {{none}}), ifnull(substr(walk.before, 1, 46), {{none}}))",
    ),
    // Where the walk over the starts begins: at the wanted start, with a preference that is worse than every call's.
    (
        "at_start",
        "substr({{none}}, 1, 31) || printf('%015d', :start)",
    ),
    // The starts of the last calls seen.
    ("after_start", "CAST(substr(walk.after, 32, 15) AS INTEGER)"),
    (
        "before_start",
        "CAST(substr(walk.before, 32, 15) AS INTEGER)",
    ),
];

/// The duration of the call `c`, as `calls_by_duration` has it.
const DURATION: &str = "coalesce(c.duration_s, 0)";

/// Which hard filters a search has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filters {
    phone: bool,
    campaign: bool,
    advertiser: bool,
}

/// What a search names, whatever the values: what its SQL depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SearchShape {
    /// The call's id.
    ById,
    /// A start, filters, and perhaps a duration.
    ByTime {
        /// The filters.
        filters: Filters,
        /// Whether it names a duration.
        duration: bool,
    },
}

impl SearchShape {
    /// The shape of a search. A duration without a weight finds the same call as none.
    pub const fn of(search: &Search<'_>, settings: &MatchSettings) -> Self {
        match search {
            Search::ById(_) => Self::ById,
            Search::ByTime(TimeSearch {
                calling_phone,
                duration,
                advertiser_id,
                campaign_id,
                ..
            }) => Self::ByTime {
                filters: Filters {
                    phone: calling_phone.is_some(),
                    campaign: campaign_id.is_some(),
                    advertiser: advertiser_id.is_some(),
                },
                duration: duration.is_some() && settings.duration_weight > 0,
            },
        }
    }

    /// The id of the call; NULL or 0 where there is none or the token may not report.
    pub fn call(self) -> Template {
        permitted(&match self {
            Self::ById => by_id(),
            Self::ByTime { filters, duration } => closest(filters, duration, ""),
        })
    }

    /// Whether archived calls may change the result of the search: its call, or with `explain` also its explanation. A
    /// search by id is never affected.
    pub fn archived(self, explain: bool) -> Template {
        let Self::ByTime { duration, .. } = self else {
            return Template::from("FALSE");
        };
        let (low, high) = if explain {
            // Where there is no call, the explanation names the nearest one outside the window.
            let found = "iif(c.id IS NULL, 9999999999999, 0)";
            (
                format!("(:earliest - {found})"),
                format!("(:latest + {found})"),
            )
        } else {
            let reach = format!("ifnull({}, 9999999999999)", distance("c", duration));
            (
                format!("max(:earliest, :start - {reach})"),
                format!("min(:latest, :start + {reach})"),
            )
        };
        Template::from(ARCHIVED)
            .fill("low", &low)
            .fill("high", &high)
    }

    /// The hash tables of archived calls, where the database has no call with the wanted id. By time, none.
    pub fn generations(self) -> Template {
        match self {
            Self::ById => generations(),
            Self::ByTime { .. } => Template::from("'[]'"),
        }
    }

    /// Whether [`SearchShape::explain`] has a statement.
    pub const fn explains(self) -> bool {
        matches!(self, Self::ByTime { .. })
    }

    /// The statement that explains why the call was found or not; `None` for a search by id. The placeholders `rows`, `at`
    /// and `each` are left.
    pub fn explain(self) -> Option<Template> {
        let Self::ByTime { filters, duration } = self else {
            return None;
        };
        let any_time = |filters| {
            closest(filters, duration, "")
                .replace_parameter("earliest", "(:start - 9999999999999)")
                .replace_parameter("latest", "(:start + 9999999999999)")
        };
        let by_number = Filters {
            phone: true,
            ..Filters::default()
        };
        let numbered = if filters.phone {
            any_time(by_number)
        } else {
            Template::from("NULL")
        };
        let near = Template::from(NEAR).fill("neighbours", &NEAREST_READ.to_string());
        let explain = Template::from(EXPLAIN)
            .fill("call", self.call().as_sql())
            .fill("runner_up", runner_up(filters, duration).as_sql())
            .fill("near", over_starts(&near, filters, "").as_sql())
            .fill("filtered", permitted(&any_time(filters)).as_sql())
            .fill("numbered", numbered.as_sql())
            .fill("visible", any_time(Filters::default()).as_sql());
        Some(explain)
    }
}

/// The id of the call with the id `:transaction_id` if the token sees it, or else 0.
pub fn by_id() -> Template {
    Template::from(BY_ID)
}

/// Whether the token sees the campaign `:campaign_id`.
pub fn campaign() -> Template {
    Template::from(CAMPAIGN)
}

/// The hash tables of archived calls, where there is no call `c`.
pub fn generations() -> Template {
    Template::from(GENERATIONS)
}

fn permitted(call: &Template) -> Template {
    let access = Template::from(ACCESS).fill("campaign", campaign().as_sql());
    Template::from("iif({{access}}, {{call}}, NULL)")
        .fill("access", access.as_sql())
        .fill("call", call.as_sql())
}

/// The closest call beside `chosen`.
fn runner_up(filters: Filters, duration: bool) -> Template {
    closest(filters, duration, " AND c.id <> chosen.id")
}

/// The closest call that passes the filters and `and`.
fn closest(filters: Filters, duration: bool, and: &str) -> Template {
    if !duration {
        return over_starts(&Template::from(NEAREST), filters, and);
    }
    let distance = distance("c", duration);
    let measured = |template: Template| {
        template
            .fill("preference", PREFERENCE)
            .fill("distance", &distance)
            .fill("none", NONE)
    };
    let of_network = NETWORK_PARTS
        .iter()
        .fold(Template::from(CLOSEST_OF_NETWORK), |sql, (name, part)| {
            sql.fill(name, part)
        })
        .fill("second", SECOND)
        .fill("duration", DURATION);
    let by_index = Template::from(CLOSEST).fill("reach", REACH);
    over_indexes(&measured(of_network), &measured(by_index), filters, and)
}

/// The distance of a call, in milliseconds: the specification is `matching::Target::distance`.
fn distance(call: &str, duration: bool) -> String {
    let start = format!("abs({call}.start_ms - :start)");
    if duration {
        format!("({start} + {SECOND} * abs(coalesce({call}.duration_s, 0) - :duration))")
    } else {
        start
    }
}

/// A search over the narrowest index for the filters, each of which is in the order of start.
fn over_starts(template: &Template, filters: Filters, and: &str) -> Template {
    let of_network = template.clone().fill("index", "calls_by_start");
    over_indexes(&of_network, template, filters, and)
}

/// A search over the narrowest index for the filters. `of_network` is the search of all calls of a network, over indexes
/// that it names itself; `by_index` the one over any other index.
fn over_indexes(
    of_network: &Template,
    by_index: &Template,
    filters: Filters,
    and: &str,
) -> Template {
    let visible = "(t.advertiser_id IS NULL OR c.advertiser_id = t.advertiser_id)";
    let of_advertiser = if filters.advertiser {
        "c.advertiser_id = :advertiser_id"
    } else {
        "TRUE"
    };
    let of_campaign = if filters.campaign {
        "c.campaign_id = :campaign_id"
    } else {
        "TRUE"
    };
    let scope = |condition: &str| format!("c.network_id = t.network_id AND {condition}{and}");
    let over = |index: &str, condition: &str| {
        let by_index = by_index.clone().fill("index", index);
        by_index.fill("scope", &scope(condition))
    };
    if filters.phone {
        let of_number = "c.calling_phone = :calling_phone";
        over(
            "calls_by_phone",
            &format!("{of_number} AND {visible} AND {of_campaign} AND {of_advertiser}"),
        )
    } else if filters.campaign {
        over(
            "calls_by_campaign",
            &format!("{of_campaign} AND {visible} AND {of_advertiser}"),
        )
    } else if filters.advertiser {
        over(
            "calls_by_advertiser",
            &format!("{of_advertiser} AND {visible}"),
        )
    } else {
        let network = of_network.clone().fill("scope", &scope("TRUE"));
        let advertiser = over("calls_by_advertiser", "c.advertiser_id = t.advertiser_id");
        Template::from("iif(t.advertiser_id IS NULL, {{network}}, {{advertiser}})")
            .fill("network", network.as_sql())
            .fill("advertiser", advertiser.as_sql())
    }
}

#[cfg(test)]
pub mod tests {
    use super::{Filters, SearchShape};

    /// Every shape that a search can have.
    pub fn shapes() -> Vec<SearchShape> {
        let by_time = (0..16_u8).map(|bits| {
            let has = |bit: u8| bits & (1 << bit) != 0;
            let filters = Filters {
                phone: has(0),
                campaign: has(1),
                advertiser: has(2),
            };
            SearchShape::ByTime {
                filters,
                duration: has(3),
            }
        });
        std::iter::once(SearchShape::ById).chain(by_time).collect()
    }
}
