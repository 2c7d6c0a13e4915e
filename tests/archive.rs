//! Searching by time where some calls are archived: whatever is archived, and in which parts, the search comes to what the
//! specification finds among all calls.
#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test may overflow and panic"
)]

use call_outcomes::model::time::UnixMillis;
use call_outcomes::model::transaction_id::TransactionId;
use call_outcomes::rules::archive::{
    ArchiveSearch, DatabaseMatches, HOUR, LISTED_PARTS, NearbyParts, Part,
};
use call_outcomes::rules::confidence::MatchSettings;
use call_outcomes::rules::explanation::{Explanation, explain};
use call_outcomes::rules::import::StoredCall;
use call_outcomes::rules::matching::{Call, Target};

const T: i64 = 1_600_000_000_000;

/// Random numbers that are the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn up_to(&mut self, max: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(max + 1).unwrap()).unwrap()
    }

    fn pick<T: Clone>(&mut self, values: &[T]) -> T {
        values[usize::try_from(self.next()).unwrap() % values.len()].clone()
    }
}

/// A database and an archive.
#[derive(Default)]
struct World {
    live: Vec<Call>,
    parts: Vec<(Part, Vec<StoredCall>)>,
}

fn stored(call: &Call) -> StoredCall {
    StoredCall {
        transaction_id: call.transaction_id.to_string(),
        external_id: None,
        start_ms: call.start.millis(),
        duration: call.duration,
        calling_phone: call.calling_phone.clone(),
        destination_phone: None,
        advertiser_id: call.advertiser_id.clone(),
        campaign_id: call.campaign_id.clone(),
    }
}

impl World {
    fn archive(&mut self, calls: &[Call], most: usize, random: &mut Random) {
        let mut calls: Vec<StoredCall> = calls.iter().map(stored).collect();
        calls.sort_by_key(|call| call.start_ms);
        for hour in calls.chunk_by(|a, b| a.start_ms / HOUR == b.start_ms / HOUR) {
            for calls in hour.chunks(most) {
                let part = Part {
                    hour: calls[0].start_ms / HOUR,
                    first: calls[0].start_ms,
                    number: random.up_to(1_000_000_000),
                    last: calls[calls.len() - 1].start_ms,
                    calls: calls.len(),
                    copies: Vec::new(),
                };
                self.parts.push((part, calls.to_vec()));
            }
        }
        self.parts
            .sort_by_key(|(part, _)| (part.hour, part.first, part.number));
    }

    /// A stale copy of a call that is in the database, or in another part with the number `counting`.
    fn add_copy(&mut self, call: &Call, counting: Option<i64>, random: &mut Random) {
        let at = self.parts.len();
        self.archive(std::slice::from_ref(call), 1, random);
        assert_eq!(self.parts.len(), at + 1);
        let start = call.start.millis();
        for (part, _) in &mut self.parts {
            if (part.first..=part.last).contains(&start) {
                part.copies
                    .push((call.transaction_id.to_string(), counting));
            }
        }
    }

    /// As `archived_parts.sql` lists parts.
    fn list(&self, search: &ArchiveSearch) -> NearbyParts {
        let (low, high) = search.hours();
        let (low, high) = (low.unwrap_or(i64::MIN), high.unwrap_or(i64::MAX));
        let [later, earlier] = search.cursors();
        let key = |part: &Part| (part.hour, part.first, part.number);
        let parts = self.parts.iter().map(|(part, _)| part);
        let behind = |part: &&Part| part.hour <= high && key(part) > later;
        let before = |part: &&Part| part.hour >= low && key(part) < earlier;
        NearbyParts {
            later: parts
                .clone()
                .filter(behind)
                .take(LISTED_PARTS)
                .cloned()
                .collect(),
            earlier: parts
                .rev()
                .filter(before)
                .take(LISTED_PARTS)
                .cloned()
                .collect(),
        }
    }

    /// The call that a search comes to, why, and how many parts it has read.
    fn search(
        &self,
        target: &Target,
        advertiser: Option<&str>,
        all: bool,
    ) -> (Option<Call>, Explanation, usize) {
        let sees =
            |call: &&Call| advertiser.is_none() || call.advertiser_id.as_deref() == advertiser;
        let live: Vec<&Call> = self.live.iter().filter(sees).collect();
        let mut search = ArchiveSearch::new(target.clone(), advertiser, all.then_some(usize::MAX));
        let mut read = 0;
        while search.needs_parts() {
            search.add_database_matches(known(target, &live, all));
            search.add_parts(self.list(&search));
            while let Some(parts) = search.next_parts() {
                for part in parts {
                    let (_, calls) = self.parts.iter().find(|(other, _)| *other == part).unwrap();
                    search.add_calls(&part, calls);
                    read += 1;
                }
            }
        }
        let closest = search.closest().map(|(call, _)| call.clone());
        (closest, search.explain(&MatchSettings::default()), read)
    }
}

/// What the database knows, by the specification.
fn known(target: &Target, live: &[&Call], all: bool) -> DatabaseMatches {
    let best = |target: &Target| {
        let mut admitted: Vec<&Call> = live
            .iter()
            .copied()
            .filter(|call| target.admits(call))
            .collect();
        admitted.sort_by_key(|call| target.preference(call));
        admitted.into_iter().cloned().collect::<Vec<Call>>()
    };
    let candidates = best(target);
    let mut found = candidates.iter().cloned();
    let closest = found.next();
    if !all {
        return DatabaseMatches {
            candidates: [closest, None],
            ..DatabaseMatches::default()
        };
    }
    let any = Target {
        window: None,
        ..target.clone()
    };
    let number = Target {
        advertiser_id: None,
        campaign_id: None,
        ..any.clone()
    };
    let none = Target {
        calling_phone: None,
        ..number.clone()
    };
    let mut rejected = [None, None, None];
    if closest.is_none() {
        let steps = [
            Some(&any),
            target.calling_phone.as_ref().map(|_| &number),
            Some(&none),
        ];
        for (slot, step) in rejected.iter_mut().zip(steps) {
            *slot = step.and_then(|step| best(step).into_iter().next());
            if slot.is_some() {
                break;
            }
        }
    }
    DatabaseMatches {
        candidates: [closest, found.next()],
        count: candidates.len().min(101),
        rejected,
        near: candidates,
    }
}

fn call(at: i64, random: &mut Random, spread: i64) -> Call {
    let campaign: Option<&str> = random.pick(&[None, Some("A1"), Some("A2"), Some("B1")]);
    Call {
        transaction_id: TransactionId::parse(&format!("{}-{at}", random.pick(&["A", "B", "C"])))
            .unwrap(),
        start: UnixMillis::from_millis(T + random.up_to(spread) / 500 * 500),
        duration: random.pick(&[None, Some(0), Some(30), Some(31), Some(400)]),
        calling_phone: random.pick(&[None, Some("+1".to_owned()), Some("+2".to_owned())]),
        advertiser_id: campaign.map(|campaign| campaign[..1].to_owned()),
        campaign_id: campaign.map(str::to_owned),
    }
}

fn target(random: &mut Random, spread: i64) -> Target {
    let text = |value: Option<&str>| value.map(str::to_owned);
    Target {
        start: UnixMillis::from_millis(T - spread / 10 + random.up_to(spread / 10 * 12)),
        duration: random.pick(&[None, None, Some(0), Some(30), Some(3_000)]),
        calling_phone: text(random.pick(&[None, Some("+1"), Some("+2"), Some("+3")])),
        advertiser_id: text(random.pick(&[None, None, Some("A"), Some("B")])),
        campaign_id: text(random.pick(&[None, None, Some("A1"), Some("B1")])),
        window: random.pick(&[None, Some(0), Some(60_000), Some(HOUR), Some(24 * HOUR)]),
        duration_weight: random.pick(&[0, 1, 7, 20, 1_000]),
    }
}

#[test]
fn the_search_comes_to_what_the_specification_finds() {
    let random = &mut Random(20_150_817);
    let mut searched = 0;
    let mut archived_won = 0;
    for (spread, size) in [
        (HOUR / 4, 300),
        (48 * HOUR, 500),
        (3_000 * HOUR, 400),
        (2 * HOUR, 3_000),
    ] {
        for share in [0, 30, 70, 100] {
            let all: Vec<Call> = (0..size).map(|at| call(at, random, spread)).collect();
            let mut world = World::default();
            let (live, mut archived): (Vec<Call>, Vec<Call>) =
                all.iter().cloned().partition(|_| random.up_to(99) >= share);
            world.live = live;
            let later = archived.split_off(archived.len() / 3);
            let most = usize::try_from(random.pick(&[1, 3, 50])).unwrap();
            world.archive(&archived, most, random);
            world.archive(&later, most, random);
            for call in world.live.clone().iter().take(20) {
                let stale = Call {
                    duration: None,
                    ..call.clone()
                };
                world.add_copy(&stale, None, random);
            }
            for _ in 0..120 {
                let target = target(random, spread);
                let advertiser: Option<&str> = random.pick(&[None, None, Some("A")]);
                let visible: Vec<&Call> = all
                    .iter()
                    .filter(|call| {
                        advertiser.is_none() || call.advertiser_id.as_deref() == advertiser
                    })
                    .collect();
                let (expected, why) = explain(&target, &visible, &MatchSettings::default());
                let (closest, _, _) = world.search(&target, advertiser, false);
                assert_eq!(closest.as_ref(), expected, "{target:?}");
                let (closest, found, _) = world.search(&target, advertiser, true);
                assert_eq!(closest.as_ref(), expected, "{target:?}");
                assert_eq!(found, why, "{target:?}");
                searched += 1;
                archived_won +=
                    usize::from(expected.is_some_and(|call| !world.live.contains(call)));
            }
        }
    }
    assert!(
        searched == 1_920 && archived_won > 300,
        "{archived_won} of {searched}"
    );
}

#[test]
fn a_copy_counts_where_the_database_says_so() {
    let random = &mut Random(1);
    let old = Call {
        duration: None,
        ..call(1, random, 0)
    };
    let new = Call {
        duration: Some(60),
        ..old.clone()
    };
    let mut world = World::default();
    world.archive(std::slice::from_ref(&new), 1, random);
    let counting = world.parts[0].0.number;
    world.add_copy(&old, Some(counting), random);
    let target = Target {
        start: old.start,
        duration: Some(60),
        calling_phone: None,
        advertiser_id: None,
        campaign_id: None,
        window: Some(HOUR),
        duration_weight: 1,
    };
    let (closest, why, _) = world.search(&target, None, true);
    assert_eq!(closest, Some(new.clone()));
    assert_eq!(why, explain(&target, &[&new], &MatchSettings::default()).1);
}

#[test]
fn no_more_parts_are_read_than_matter() {
    let random = &mut Random(2);
    let ten_seconds = |at: i64| Call {
        start: UnixMillis::from_millis(T + at * 10_000),
        ..call(at, &mut Random(3), 0)
    };
    // A call each ten seconds for two days, a hundred to a part.
    let calls: Vec<Call> = (0..17_280).map(ten_seconds).collect();
    let mut world = World::default();
    world.archive(&calls, 100, random);
    let target = |start: i64, phone: Option<&str>| Target {
        start: UnixMillis::from_millis(start),
        duration: None,
        calling_phone: phone.map(str::to_owned),
        advertiser_id: None,
        campaign_id: None,
        window: Some(24 * HOUR),
        duration_weight: 1,
    };
    let start = T + 24 * HOUR;
    let read = |start, phone| world.search(&target(start, phone), None, false).2;
    let near = read(start, None);
    assert!(near <= 11, "{near}");
    assert_eq!(
        read(start, Some("+9")),
        world.parts.len(),
        "no call of this number"
    );
    assert_eq!(read(T - 25 * HOUR, None), 0);
}
