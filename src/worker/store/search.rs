//! Which call a report is on, as SQL: expressions over the token `t`, made for what a search names.
//!
//! Not here: values. An expression names them as parameters, so that a list of reports can put its columns there.

use crate::input::report::{Search, TimeSearch};
use crate::rules::explanation::MAX_CANDIDATES;

/// Whether the token sees the campaign that was named.
pub const CAMPAIGN: &str = include_str!("sql/match/campaign.sql");

/// The id of the call with an id, whatever the token may do.
pub const BY_ID: &str = include_str!("sql/match/by_id.sql");

const ACCESS: &str = include_str!("sql/match/access.sql");
const NEAREST: &str = include_str!("sql/match/nearest.sql");
const CLOSEST: &str = include_str!("sql/match/closest.sql");
const CLOSEST_OF_NETWORK: &str = include_str!("sql/match/closest_of_network.sql");
const COUNT: &str = include_str!("sql/match/count.sql");
const UNAMBIGUOUS_CALL: &str = include_str!("sql/match/unambiguous_call.sql");
const EXPLAIN: &str = include_str!("sql/match/explain.sql");
const ARCHIVED: &str = include_str!("sql/archive/archived.sql");
const GENERATIONS: &str = include_str!("sql/archive/generations.sql");

/// How far the next ring of `closest.sql` reaches: never farther than the best distance, its first 15 digits.
const REACH: &str = "min(walk.next, CAST(substr(walk.best, 1, 15) AS INTEGER))";

/// What `closest_of_network.sql` repeats: how far each end of the two walks has come, the duration to look at next, the
/// best preference so far, a call's duration and its preference; one that every call's is better than; and farther than
/// any call is.
const PARTS: [(&str, &str); 10] = [
    (
        "{{next}}",
        "iif({{high_off}} > {{low_off}}, walk.low, walk.high)",
    ),
    (
        "{{after_off}}",
        "ifnull(CAST(substr(walk.after, 46, 15) AS INTEGER) - :start, {{far}})",
    ),
    (
        "{{before_off}}",
        "ifnull(:start - CAST(substr(walk.before, 46, 15) AS INTEGER), {{far}})",
    ),
    ("{{high_off}}", "ifnull(walk.high - :duration, {{far}})"),
    ("{{low_off}}", "ifnull(:duration - walk.low, {{far}})"),
    (
        "{{best}}",
        "min(walk.best, walk.found, ifnull(substr(walk.after, 1, 45), {{none}}), ifnull(substr(walk.before, 1, 45), {{none}}))",
    ),
    ("{{duration}}", "coalesce(k.duration_s, 0)"),
    (
        "{{preference}}",
        "printf('%015d%015d%015d', abs(k.start_ms - :start) + 1000 * abs(coalesce(k.duration_s, 0) - :duration), abs(k.start_ms - :start), k.start_ms)",
    ),
    (
        "{{none}}",
        "'999999999999999999999999999999999999999999999'",
    ),
    ("{{far}}", "2000000000000000"),
];

/// The hard filters that a search has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Filters {
    phone: bool,
    campaign: bool,
    advertiser: bool,
}

/// What a search names, whatever the values: what its SQL depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchShape(Option<(Filters, bool)>);

impl SearchShape {
    /// The shape of a search.
    pub const fn of(search: &Search<'_>) -> Self {
        match search {
            Search::ById(_) => Self(None),
            Search::ByTime(TimeSearch {
                calling_phone,
                duration,
                advertiser_id,
                campaign_id,
                ..
            }) => {
                let filters = Filters {
                    phone: calling_phone.is_some(),
                    campaign: campaign_id.is_some(),
                    advertiser: advertiser_id.is_some(),
                };
                Self(Some((filters, duration.is_some())))
            }
        }
    }

    /// The id of the call, NULL or 0 where there is none or the token may not report.
    pub fn call(self) -> String {
        let call = match self.0 {
            None => BY_ID.to_owned(),
            Some((filters, duration)) => closest(filters, duration, "AND TRUE"),
        };
        permitted(&call)
    }

    /// As [`SearchShape::call`], and NULL where another call is about as close.
    pub fn unambiguous_call(self) -> String {
        let Some((filters, duration)) = self.0 else {
            return self.call();
        };
        UNAMBIGUOUS_CALL
            .replace("{{call}}", &self.call())
            .replace("{{runner_up}}", &runner_up(filters, duration))
            .replace("{{distance_w}}", &distance("w", duration))
            .replace("{{distance_r}}", &distance("r", duration))
    }

    /// Whether archived calls may change what the search comes to: its call, or with `explain` what tells why, too. By id,
    /// never.
    pub fn archived(self, explain: bool) -> String {
        let Some((_, duration)) = self.0 else {
            return "FALSE".to_owned();
        };
        let (low, high) = if explain {
            // A call outside the window may be the nearest that there is.
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
        ARCHIVED.replace("{{low}}", &low).replace("{{high}}", &high)
    }

    /// The hash tables of archived calls, where the database has no call with the wanted id. By time, none.
    pub fn generations(self) -> String {
        match self.0 {
            None => generations("c"),
            Some(_) => "'[]'".to_owned(),
        }
    }

    /// The statement that tells why the call was found or not; `None` for a search by id.
    pub fn explain(self) -> Option<String> {
        let (filters, duration) = self.0?;
        let any_time = |filters| {
            closest(filters, duration, "AND TRUE")
                .replace(":earliest", "(:start - 9999999999999)")
                .replace(":latest", "(:start + 9999999999999)")
        };
        let by_number = Filters {
            phone: true,
            ..Filters::default()
        };
        let numbered = if filters.phone {
            any_time(by_number)
        } else {
            "NULL".to_owned()
        };
        let most = MAX_CANDIDATES.saturating_add(1).to_string();
        let count = over(COUNT, COUNT, filters, "AND TRUE").replace("{{most}}", &most);
        Some(
            EXPLAIN
                .replace("{{call}}", &self.call())
                .replace("{{runner_up}}", &runner_up(filters, duration))
                .replace("{{count}}", &count)
                .replace("{{filtered}}", &permitted(&any_time(filters)))
                .replace("{{numbered}}", &numbered)
                .replace("{{visible}}", &any_time(Filters::default())),
        )
    }
}

/// The hash tables of archived calls, where there is no `call`.
pub fn generations(call: &str) -> String {
    GENERATIONS.replace("{{call}}", call)
}

fn permitted(call: &str) -> String {
    let access = ACCESS.replace("{{campaign}}", CAMPAIGN);
    format!("iif({access}, {call}, NULL)")
}

/// The closest call beside `w`.
fn runner_up(filters: Filters, duration: bool) -> String {
    closest(filters, duration, "AND k.id <> w.id")
}

fn closest(filters: Filters, duration: bool, and: &str) -> String {
    if !duration {
        return over(NEAREST, NEAREST, filters, and);
    }
    let of_network = PARTS
        .iter()
        .fold(CLOSEST_OF_NETWORK.to_owned(), |sql, (name, part)| {
            sql.replace(name, part)
        });
    over(&of_network, CLOSEST, filters, and)
}

/// The distance of a call, in milliseconds.
fn distance(call: &str, duration: bool) -> String {
    let start = format!("abs({call}.start_ms - :start)");
    if duration {
        format!("({start} + 1000 * abs(coalesce({call}.duration_s, 0) - :duration))")
    } else {
        start
    }
}

/// A template over the narrowest index for the filters; `of_network` is the one for all calls of a network.
fn over(of_network: &str, template: &str, filters: Filters, and: &str) -> String {
    let fill_in = |template: &str, index: &str, scope: &str| {
        template
            .replace("{{reach}}", REACH)
            .replace("{{index}}", index)
            .replace(
                "{{scope}}",
                &format!("k.network_id = t.network_id AND {scope} {and}"),
            )
    };
    let fill = |index, scope: &str| fill_in(template, index, scope);
    let visible = "(t.advertiser_id IS NULL OR k.advertiser_id = t.advertiser_id)";
    let of_advertiser = if filters.advertiser {
        "k.advertiser_id = :advertiser_id"
    } else {
        "TRUE"
    };
    let of_campaign = if filters.campaign {
        "k.campaign_id = :campaign_id"
    } else {
        "TRUE"
    };
    if filters.phone {
        fill(
            "calls_by_phone",
            &format!(
                "k.calling_phone = :calling_phone AND {visible} AND {of_campaign} AND {of_advertiser}"
            ),
        )
    } else if filters.campaign {
        fill(
            "calls_by_campaign",
            &format!("{of_campaign} AND {visible} AND {of_advertiser}"),
        )
    } else if filters.advertiser {
        fill(
            "calls_by_advertiser",
            &format!("{of_advertiser} AND {visible}"),
        )
    } else {
        let network = fill_in(of_network, "calls_by_start", "TRUE");
        let advertiser = fill("calls_by_advertiser", "k.advertiser_id = t.advertiser_id");
        format!("iif(t.advertiser_id IS NULL, {network}, {advertiser})")
    }
}
