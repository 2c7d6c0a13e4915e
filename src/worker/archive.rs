//! Reading the archive in KV: calls that `npm run archive-calls` has moved out of the database, by id and by hour.
//!
//! Every key is written once, before the database refers to it, so KV's eventual consistency and its cached misses do
//! no harm. The database knows which keys exist (`migrations/0003_archive.sql`).

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};
use worker::KvStore;
use worker::kv::KvError;

use super::context::hash;
use super::store::Failure;
use crate::model::transaction_id::TransactionId;
use crate::rules::archive::{ArchiveSearch, BULK, IndexGeneration, Part};
use crate::rules::import::StoredCall;

impl From<KvError> for Failure {
    /// KV is out of reach.
    fn from(_: KvError) -> Self {
        Self::Overloaded
    }
}

/// An id of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallId {
    /// The platform's id.
    Transaction(String),
    /// The id of the system that imported the call.
    External(String),
}

impl CallId {
    /// Returns the bucket of a hash table: the first four bytes of a SHA-256, modulo the buckets.
    fn bucket(&self, buckets: u32) -> u32 {
        let text = match self {
            Self::Transaction(id) => format!("transaction:{id}"),
            Self::External(id) => format!("external:{id}"),
        };
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let [a, b, c, d, ..] = digest;
        let hash = u32::from_be_bytes([a, b, c, d]);
        hash.checked_rem(buckets).unwrap_or(0)
    }

    /// Whether this is an id of the call.
    pub fn names(&self, call: &StoredCall) -> bool {
        match self {
            Self::Transaction(id) => call.transaction_id == *id,
            Self::External(id) => call.external_id.as_ref() == Some(id),
        }
    }
}

/// Looks up calls by their ids. The lookup takes the same steps whether an id exists and who may see it, so its time
/// reveals neither.
pub async fn find(
    archive: &KvStore,
    network_id: &str,
    generations: &[IndexGeneration],
    ids: &[CallId],
) -> Result<HashMap<CallId, StoredCall>, Failure> {
    // KV limits the length of a key, and a network's id may have any.
    let network = hash(network_id);
    // The oldest first, so that calls of later generations replace earlier ones.
    let mut generations = generations.to_vec();
    generations.sort_unstable_by_key(|generation| generation.number);
    let mut found = HashMap::new();
    for IndexGeneration { number, buckets } in generations {
        let mut wanted: BTreeMap<String, Vec<&CallId>> = BTreeMap::new();
        for id in ids {
            let key = format!("ids:{network}:{number}:{}", id.bucket(buckets));
            wanted.entry(key).or_default().push(id);
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        for wanted in wanted.chunks(BULK) {
            let keys: Vec<&String> = wanted.iter().map(|(key, _)| key).collect();
            let mut values = archive.get_bulk(&keys).text().await?;
            for (key, ids) in wanted {
                let calls = parse(key, values.remove(key).flatten())?;
                for id in ids {
                    if let Some(call) = calls.iter().find(|call| id.names(call)) {
                        found.insert((*id).clone(), call.clone());
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Looks up a call by its transaction id; `None` if a token with this advertiser, or none, doesn't see it.
pub async fn find_visible(
    archive: &KvStore,
    network_id: &str,
    advertiser_id: Option<&str>,
    generations: &[IndexGeneration],
    id: TransactionId,
) -> Result<Option<StoredCall>, Failure> {
    let id = CallId::Transaction(id.to_string());
    let ids = std::slice::from_ref(&id);
    let mut found = find(archive, network_id, generations, ids).await?;
    let call = found.remove(&id);
    Ok(call.filter(|call| is_visible(call, advertiser_id)))
}

/// Whether a token with this advertiser, or none, sees the call.
pub fn is_visible(call: &StoredCall, advertiser_id: Option<&str>) -> bool {
    advertiser_id.is_none() || advertiser_id == call.advertiser_id.as_deref()
}

/// Reads the listed parts as far as each search needs them, a part once for all that need it at the same time. At most
/// `at_once` parts are in memory.
pub async fn read_parts(
    archive: &KvStore,
    network_id: &str,
    searches: &mut [&mut ArchiveSearch],
    at_once: usize,
) -> Result<(), Failure> {
    loop {
        // By hour and number: the part, and the searches that need it.
        let mut wanted: BTreeMap<(i64, i64), Vec<(usize, Part)>> = BTreeMap::new();
        for (place, search) in searches.iter_mut().enumerate() {
            for part in search.next_parts().into_iter().flatten() {
                let key = (part.hour, part.number);
                wanted.entry(key).or_default().push((place, part));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        for wanted in wanted.chunks(at_once) {
            let keys: Vec<_> = wanted.iter().map(|(key, _)| *key).collect();
            let read = read(archive, network_id, &keys).await?;
            for ((_, needed), calls) in wanted.iter().zip(&read) {
                for (place, part) in needed {
                    if let Some(search) = searches.get_mut(*place) {
                        search.add_calls(part, calls);
                    }
                }
            }
        }
    }
}

/// Reads parts, each by its hour and number: the calls of each, in the same order.
async fn read(
    archive: &KvStore,
    network_id: &str,
    parts: &[(i64, i64)],
) -> Result<Vec<Vec<StoredCall>>, Failure> {
    let network = hash(network_id);
    let mut read = Vec::with_capacity(parts.len());
    for parts in parts.chunks(BULK) {
        let key = |(hour, number): &(i64, i64)| format!("hour:{network}:{hour}:{number}");
        let keys: Vec<String> = parts.iter().map(key).collect();
        let mut values = archive.get_bulk(&keys).text().await?;
        for key in &keys {
            read.push(parse(key, values.remove(key).flatten())?);
        }
    }
    Ok(read)
}

/// Reads the calls under a key.
fn parse(key: &str, value: Option<String>) -> Result<Vec<StoredCall>, Failure> {
    // The archive has changed since the database named the key.
    let value = value.ok_or(Failure::Conflict)?;
    let damaged =
        |error| Failure::Unexpected(format!("`{key}` of the archive cannot be read: {error}"));
    serde_json::from_str(&value).map_err(damaged)
}
