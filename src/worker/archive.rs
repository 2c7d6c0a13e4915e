//! The cold tier: calls that `npm run archive-calls` has moved from the database to KV.
//!
//! A call never changes once it is archived, so that KV may be behind without harm. Nothing else is kept there.

use serde::Deserialize;
use worker::KvStore;
use worker::kv::KvError;

use crate::transaction_id::TransactionId;

/// An archived call: the text as it is kept, which the database takes apart.
pub struct Archived {
    /// JSON, with the columns of the table `calls`.
    pub json: String,
    /// When the call started, in Unix milliseconds.
    pub start_ms: i64,
    advertiser_id: Option<String>,
}

impl Archived {
    fn read(json: String) -> Option<Self> {
        #[derive(Deserialize)]
        struct Kept {
            start_ms: i64,
            advertiser_id: Option<String>,
        }
        let Kept {
            start_ms,
            advertiser_id,
        } = serde_json::from_str(&json).ok()?;
        Some(Self {
            json,
            start_ms,
            advertiser_id,
        })
    }

    /// Whether a token with this advertiser, or none, sees the call.
    pub fn is_visible_to(&self, advertiser_id: Option<&str>) -> bool {
        advertiser_id.is_none() || advertiser_id == self.advertiser_id.as_deref()
    }
}

/// Looks a call up by its network and id; what cannot be read counts as not there.
pub async fn find(
    archive: &KvStore,
    network_id: &str,
    id: TransactionId,
) -> Result<Option<Archived>, KvError> {
    let json = archive.get(&key(network_id, id)).text().await?;
    Ok(json.and_then(Archived::read))
}

/// Looks calls up, those that are there in the order of their ids.
pub async fn find_all(
    archive: &KvStore,
    network_id: &str,
    ids: &[TransactionId],
) -> Result<Vec<(TransactionId, Archived)>, KvError> {
    let mut found = Vec::new();
    for ids in ids.chunks(BULK) {
        let keys: Vec<String> = ids.iter().map(|id| key(network_id, *id)).collect();
        let mut kept = archive.get_bulk(&keys).text().await?;
        let calls = ids.iter().zip(&keys).filter_map(|(id, key)| {
            let json = kept.remove(key).flatten()?;
            Some((*id, Archived::read(json)?))
        });
        found.extend(calls);
    }
    Ok(found)
}

/// The most keys that KV looks up at once.
const BULK: usize = 100;

fn key(network_id: &str, id: TransactionId) -> String {
    format!("{network_id}:{id}")
}
