//! Reading what was reported: the use cases. Long lists are sent while they are read.
//!
//! Not here: HTTP, SQL, and how a record is written.

use std::rc::Rc;

use futures_util::stream::{self, LocalBoxStream, StreamExt};
use worker::{D1Database, Error, KvStore, console_error};

use super::report::{Incoming, Outgoing, hash};
use crate::input::export::Export;
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem};
use crate::response::records::{Format, Parts, Stored};
use crate::response::{Call, Reply, refuse, refuse_invalid};
use crate::worker::archive;
use crate::worker::store::reading::{Reader, Walk, read};
use crate::worker::store::{Cost, Failure};

/// What follows the first part of a long answer.
pub type BodyStream = LocalBoxStream<'static, Result<Vec<u8>, Error>>;

/// An outcome with its history, or a call with its outcomes.
///
/// 1. No token: 401; no id: 403.
/// 2. A trip for the token and what the id names: 401, 403, 404. A call in the archive is shown from there.
/// 3. Trips for the records.
pub async fn one(
    db: Rc<D1Database>,
    archive: &KvStore,
    incoming: &Incoming<'_>,
    id: Option<&str>,
) -> Outgoing {
    let missing = || {
        let problem = Problem::whole(Code::TransactionIdMissing).with_name("transaction_id");
        vec![problem]
    };
    let id = id.map(str::trim).filter(|id| !id.is_empty());
    let id = id.map(TransactionId::parse).ok_or_else(missing);
    let mut outgoing = Outgoing::refused(&Problem::whole(Code::Internal));
    let (id, reader) = match enter(&db, incoming, id, |id| *id, &mut outgoing).await {
        Ok(entered) => entered,
        Err(reply) => {
            outgoing.reply = *reply;
            return outgoing;
        }
    };
    let cost = &mut outgoing.cost;
    let found = match (&reader.outcome, reader.call()) {
        (Some(outcome), _) => match Walk::current(Rc::clone(&db), outcome).next(cost).await {
            Ok(current) => current.first().map(|current| {
                let parts = Parts::of_outcome(&current.recorded);
                (parts, Walk::history(db, outcome))
            }),
            Err(failure) => {
                outgoing.reply = failed(incoming, failure);
                return outgoing;
            }
        },
        (None, Some((call_id, call))) => {
            let call = Call::new(call.transaction_id, call.start);
            Some((Parts::of_call(&call), Walk::of_call(db, call_id)))
        }
        (None, None) => {
            outgoing.reply = archived(archive, &reader, id).await;
            return outgoing;
        }
    };
    match found {
        Some((parts, walk)) => send(outgoing, incoming, parts, walk, Stored::in_history).await,
        None => outgoing,
    }
}

/// A page of the records that the token sees, in the order in which they were stored.
///
/// 1. No token: 401; parameters that are wrong: 403.
/// 2. A trip for the token and the record to start after: 401, 403, 404.
/// 3. Trips for the end of the page, and for its records.
pub async fn page(
    db: Rc<D1Database>,
    incoming: &Incoming<'_>,
    query: &[(String, String)],
    format: Format,
) -> Outgoing {
    let pairs = query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let export = Export::read(pairs);
    let mut outgoing = Outgoing::refused(&Problem::whole(Code::Internal));
    let start_after = |export: &Export| export.start_after.flatten();
    let entered = enter(&db, incoming, export, start_after, &mut outgoing).await;
    let (export, reader) = match entered {
        Ok(entered) => entered,
        Err(reply) => {
            outgoing.reply = *reply;
            return outgoing;
        }
    };
    let after = match (export.start_after, &reader.outcome) {
        (None, _) => 0,
        (Some(_), Some(outcome)) => outcome.seq,
        (Some(_), None) => {
            outgoing.reply = refuse(&Problem::whole(Code::TransactionNotFound));
            return outgoing;
        }
    };
    match Walk::export(db, &reader, &export, after, &mut outgoing.cost).await {
        Ok((walk, next)) => {
            let parts = Parts::of_page(format, next);
            if format == Format::Csv {
                outgoing.content_type = Some("text/csv; charset=utf-8");
                outgoing.next = next;
            }
            send(outgoing, incoming, parts, walk, move |stored| {
                stored.in_page(format)
            })
            .await
        }
        Err(failure) => {
            outgoing.reply = failed(incoming, failure);
            outgoing
        }
    }
}

/// What was asked and who reads it, or the answer that refuses.
async fn enter<T>(
    db: &D1Database,
    incoming: &Incoming<'_>,
    options: Result<T, Vec<Problem>>,
    id: impl FnOnce(&T) -> Option<TransactionId>,
    outgoing: &mut Outgoing,
) -> Result<(T, Reader), Box<Reply>> {
    let refused = |code| Box::new(refuse(&Problem::whole(code)));
    let token = incoming.header_token.as_deref();
    let token = token.ok_or_else(|| refused(Code::TokenMissing))?;
    outgoing.warnings.clone_from(&incoming.query.warnings);
    let options = incoming.with_query(options);
    let options = options.map_err(|problems| Box::new(refuse_invalid(&problems)))?;
    let token_hash = hash(token);
    outgoing.token_hash = Some(token_hash.clone());
    outgoing.limited = incoming.limits.refuse_token(&token_hash).await;
    if outgoing.limited.is_some() {
        return Err(refused(Code::RateLimited));
    }
    match read(db, &token_hash, id(&options), &mut outgoing.cost).await {
        Ok(None) => Err(refused(Code::TokenInvalid)),
        Ok(Some(reader)) if !reader.permitted() => Err(refused(Code::PermissionMissing)),
        Ok(Some(reader)) => Ok((options, reader)),
        Err(failure) => Err(Box::new(failed(incoming, failure))),
    }
}

fn failed(incoming: &Incoming<'_>, failure: Failure) -> Reply {
    match failure {
        Failure::Unexpected(cause) => incoming.fail(&cause),
        _ => refuse(&Problem::whole(Code::ServiceUnavailable)),
    }
}

/// A call in the archive has no outcomes.
async fn archived(archive: &KvStore, reader: &Reader, id: Option<TransactionId>) -> Reply {
    let not_found = || refuse(&Problem::whole(Code::TransactionNotFound));
    let Some(id) = id else {
        return not_found();
    };
    let Reader {
        network_id,
        advertiser_id,
        generations,
        ..
    } = reader;
    let advertiser_id = advertiser_id.as_deref();
    match archive::find_visible(archive, network_id, advertiser_id, generations, id).await {
        Ok(Some(call)) => {
            let start = UnixMillis::from_millis(call.start_ms);
            let Parts { head, tail, .. } = Parts::of_call(&Call::new(id, start));
            Reply::success(200, head + &tail)
        }
        Ok(None) => not_found(),
        Err(_) => refuse(&Problem::whole(Code::ServiceUnavailable)),
    }
}

/// An answer under way.
struct Sending<W> {
    walk: Walk,
    parts: Parts,
    write: W,
    is_first: bool,
}

impl<W: Fn(&Stored) -> String> Sending<W> {
    /// The next records as text, and `None` behind the last.
    async fn next(&mut self, cost: &mut Cost) -> Result<Option<String>, Failure> {
        let stored = self.walk.next(cost).await?;
        if stored.is_empty() {
            return Ok(None);
        }
        let mut text = String::new();
        for record in &stored {
            if !std::mem::take(&mut self.is_first) {
                text.push_str(self.parts.between);
            }
            text.push_str(&(self.write)(record));
        }
        Ok(Some(text))
    }
}

/// Answers with all records of a walk. The first of them decide the status; if reading fails behind them, the answer
/// breaks off, so that nobody takes it for all.
async fn send(
    mut outgoing: Outgoing,
    incoming: &Incoming<'_>,
    parts: Parts,
    walk: Walk,
    write: impl Fn(&Stored) -> String + 'static,
) -> Outgoing {
    let mut body = parts.head.clone();
    let mut sending = Sending {
        walk,
        parts,
        write,
        is_first: true,
    };
    match sending.next(&mut outgoing.cost).await {
        Ok(None) => body.push_str(&sending.parts.tail),
        Ok(Some(text)) => {
            body.push_str(&text);
            let handle = incoming.request_id.to_owned();
            let rest = stream::try_unfold(Some(sending), move |sending| {
                let handle = handle.clone();
                async move {
                    let Some(mut sending) = sending else {
                        return Ok(None);
                    };
                    match sending.next(&mut Cost::default()).await {
                        Ok(Some(text)) => Ok(Some((text.into_bytes(), Some(sending)))),
                        Ok(None) => Ok(Some((sending.parts.tail.into_bytes(), None))),
                        Err(_) => {
                            console_error!(
                                "{}",
                                serde_json::json!({ "error": "an answer broke off", "handle": handle })
                            );
                            Err(Error::RustError("the answer broke off".to_owned()))
                        }
                    }
                }
            });
            outgoing.rest = Some(rest.boxed_local());
        }
        Err(failure) => {
            outgoing.reply = failed(incoming, failure);
            return outgoing;
        }
    }
    outgoing.reply = Reply::success(200, body);
    outgoing
}
