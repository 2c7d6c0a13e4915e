//! What of an HTTP request the use cases need.
//!
//! Not here: answers.

use std::net::IpAddr;

use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use worker::{ByteStream, Headers, Request};

use crate::input::fields::MAX_NAME;

/// The most bytes of a refused body that are read, so that its sender gets to see the answer: a connection that is
/// closed while a client still sends is a broken pipe to it.
const MAX_DISCARDED: usize = 16_777_216;

/// A body.
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// It is larger than allowed, and discarded.
    TooLarge,
    /// It breaks off, or its chunks are malformed.
    Incomplete,
}

/// The body, of at most `max` bytes.
pub async fn read_body(request: &mut Request, max: usize) -> Body {
    // The runtime holds a body to its announced length.
    match announced(request) {
        Some(length) if length <= max => {
            return match request.bytes().await {
                Ok(body) => Body::Whole(body),
                Err(_) => Body::Incomplete,
            };
        }
        Some(_) => {
            discard_body(request).await;
            return Body::TooLarge;
        }
        None if request.inner().body().is_none() => return Body::Whole(Vec::new()),
        None => {}
    }
    let mut body = Vec::new();
    let Ok(mut chunks) = request.stream() else {
        return Body::Incomplete;
    };
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            return Body::Incomplete;
        };
        if body.len().saturating_add(chunk.len()) > max {
            let read = body.len().saturating_add(chunk.len());
            drop((body, chunk));
            discard(chunks, read).await;
            return Body::TooLarge;
        }
        body.extend_from_slice(&chunk);
    }
    Body::Whole(body)
}

/// Reads and discards a body that nobody has read yet.
pub async fn discard_body(request: &mut Request) {
    let raw = request.inner();
    let is_unread = raw.body().is_some() && !raw.body_used();
    let is_near = announced(request).is_none_or(|length| length <= MAX_DISCARDED);
    if is_unread
        && is_near
        && let Ok(chunks) = request.stream()
    {
        discard(chunks, 0).await;
    }
}

/// Discards what is left of a body of which so much was read.
async fn discard(mut chunks: ByteStream, mut read: usize) {
    while let Some(Ok(chunk)) = chunks.next().await {
        read = read.saturating_add(chunk.len());
        if read > MAX_DISCARDED {
            break;
        }
    }
}

fn announced(request: &Request) -> Option<usize> {
    let length = request.headers().get("Content-Length").ok().flatten()?;
    length.parse().ok()
}

/// The query of a URL, decoded.
pub fn query(url: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The network that a path names.
pub fn network_segment(segment: &str) -> String {
    percent_decode_str(segment)
        .decode_utf8_lossy()
        .chars()
        .take(MAX_NAME)
        .collect()
}

/// Whether the body is a JSON value a line.
pub fn is_ndjson(headers: &Headers) -> bool {
    let content_type = headers.get("Content-Type").ok().flatten();
    content_type.is_some_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type
            .trim()
            .eq_ignore_ascii_case("application/x-ndjson")
    })
}

/// The token in `Authorization`: alone, or behind `Bearer` or `Token` in any case.
pub fn header_token(headers: &Headers) -> Option<String> {
    let value = headers.get("Authorization").ok().flatten()?;
    let value = value.trim();
    let is_scheme =
        |word: &str| word.eq_ignore_ascii_case("Bearer") || word.eq_ignore_ascii_case("Token");
    let token = match value.split_once(' ') {
        Some((scheme, token)) if is_scheme(scheme) => token.trim_start(),
        None if is_scheme(value) => "",
        _ => value,
    };
    (!token.is_empty()).then(|| token.to_owned())
}

/// Who sends: the address, of an IPv6 one its network, as one client has all of it.
pub fn address(headers: &Headers) -> String {
    let address = headers.get("CF-Connecting-IP").ok().flatten();
    match address.as_deref().map(str::parse) {
        Some(Ok(IpAddr::V6(address))) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.unwrap_or_default(),
    }
}
