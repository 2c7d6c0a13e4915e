//! Reading HTTP requests: body, query, token, content type and address.

use std::net::IpAddr;

use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use worker::{ByteStream, Headers, Request};

use crate::input::fields::MAX_NAME;

/// How much of a refused body is read, in bytes. A client that is still sending when the connection is closed gets a
/// broken pipe and never sees the answer.
const MAX_DISCARDED: usize = 16_777_216;

/// The result of reading a body.
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// It is larger than allowed, and was discarded.
    TooLarge,
    /// It ends early, or its chunks are malformed.
    Incomplete,
}

/// Reads a body of at most `max` bytes.
pub async fn read_body(request: &mut Request, max: usize) -> Body {
    // The runtime makes sure that a body has its announced length.
    match content_length(request) {
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

/// Reads and discards a body that wasn't read yet.
pub async fn discard_body(request: &mut Request) {
    let raw = request.inner();
    let is_unread = raw.body().is_some() && !raw.body_used();
    let is_small = content_length(request).is_none_or(|length| length <= MAX_DISCARDED);
    if is_unread
        && is_small
        && let Ok(chunks) = request.stream()
    {
        discard(chunks, 0).await;
    }
}

/// Discards the rest of a body, of which `read` bytes were read.
async fn discard(mut chunks: ByteStream, mut read: usize) {
    while let Some(Ok(chunk)) = chunks.next().await {
        read = read.saturating_add(chunk.len());
        if read > MAX_DISCARDED {
            break;
        }
    }
}

fn content_length(request: &Request) -> Option<usize> {
    let length = request.headers().get("Content-Length").ok().flatten()?;
    length.parse().ok()
}

/// Returns the decoded names and values of a URL's query.
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

/// Returns the network id in a path segment.
pub fn network_segment(segment: &str) -> String {
    percent_decode_str(segment)
        .decode_utf8_lossy()
        .chars()
        .take(MAX_NAME)
        .collect()
}

/// Whether the content type is NDJSON.
pub fn is_ndjson(headers: &Headers) -> bool {
    let content_type = headers.get("Content-Type").ok().flatten();
    content_type.is_some_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type
            .trim()
            .eq_ignore_ascii_case("application/x-ndjson")
    })
}

/// Returns the token in the `Authorization` header: alone, or behind `Bearer` or `Token` in any case.
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

/// Returns the client's address. Of an IPv6 address it is the /64 network, because a client usually has all of it.
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
