//! Sending records while they are read: what reading one outcome and exporting all of them share.

use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use worker::Error;

use crate::model::transaction_id::TransactionId;
use crate::problem::Code;
use crate::response::records::{ListFrame, StoredRecord};
use crate::worker::context::{RequestContext, log_error};
use crate::worker::result::{BodyStream, Refusal};
use crate::worker::store::reading::{Reader, Walk, read};
use crate::worker::store::{Cost, Failure};

/// Looks up the token and what an id names. Unknown token: 401. No permission to read: 403.
pub async fn find_reader(
    context: &RequestContext<'_>,
    token_hash: &str,
    id: Option<TransactionId>,
    cost: &mut Cost,
) -> Result<Reader, Refusal> {
    let reader = read(&context.db, token_hash, id, cost).await;
    let reader = reader
        .map_err(|failure| context.refuse_failure(failure, token_hash))?
        .ok_or(Code::TokenInvalid)?;
    if reader.permitted() {
        Ok(reader)
    } else {
        Err(Code::PermissionMissing.into())
    }
}

/// Writes a record as it stands in the body.
pub type WriteRecord = fn(&StoredRecord) -> String;

/// Records on their way to the client.
struct RecordStream {
    walk: Walk,
    parts: ListFrame,
    write: WriteRecord,
    is_first: bool,
}

impl RecordStream {
    /// Returns the next records as text; `None` after the last.
    async fn next(&mut self, cost: &mut Cost) -> Result<Option<String>, Failure> {
        let records = self.walk.next(cost).await?;
        if records.is_empty() {
            return Ok(None);
        }
        let mut text = String::new();
        for record in &records {
            if !std::mem::take(&mut self.is_first) {
                text.push_str(self.parts.between);
            }
            text.push_str(&(self.write)(record));
        }
        Ok(Some(text))
    }
}

/// Returns a body with all records of a walk: its first part, and what follows. If reading fails after the first part,
/// the connection is aborted, so that no client takes what it got for the whole.
pub async fn stream(
    request_id: &str,
    parts: ListFrame,
    walk: Walk,
    write: WriteRecord,
    cost: &mut Cost,
) -> Result<(String, Option<BodyStream>), Failure> {
    let mut body = parts.head.clone();
    let mut records = RecordStream {
        walk,
        parts,
        write,
        is_first: true,
    };
    let Some(text) = records.next(cost).await? else {
        body.push_str(&records.parts.tail);
        return Ok((body, None));
    };
    body.push_str(&text);
    let request_id = request_id.to_owned();
    let rest = try_unfold(Some(records), move |records| {
        let request_id = request_id.clone();
        async move {
            let Some(mut records) = records else {
                return Ok(None);
            };
            match records.next(&mut Cost::default()).await {
                Ok(Some(text)) => Ok(Some((text.into_bytes(), Some(records)))),
                Ok(None) => Ok(Some((records.parts.tail.into_bytes(), None))),
                Err(_) => {
                    log_error("an answer broke off", &request_id);
                    Err(Error::RustError("the answer broke off".to_owned()))
                }
            }
        }
    });
    Ok((body, Some(rest.boxed_local())))
}
