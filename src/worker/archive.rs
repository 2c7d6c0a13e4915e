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
    #[derive(Deserialize)]
    struct Kept {
        start_ms: i64,
        advertiser_id: Option<String>,
    }
    let json = archive.get(&format!("{network_id}:{id}")).text().await?;
    Ok(json.and_then(|json| {
        let Kept {
            start_ms,
            advertiser_id,
        } = serde_json::from_str(&json).ok()?;
        Some(Archived {
            json,
            start_ms,
            advertiser_id,
        })
    }))
}
