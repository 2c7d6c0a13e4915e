//! What of an HTTP request the use cases need.
//!
//! Not here: answers.

use std::net::IpAddr;

use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use worker::{Headers, Request, Result};

use crate::parameters::MAX_NAME;

/// The body, or `None` where it is larger than `max`, without reading the rest.
pub async fn read_body(request: &mut Request, max: usize) -> Result<Option<Vec<u8>>> {
    let announced = request
        .headers()
        .get("Content-Length")?
        .and_then(|length| length.parse::<usize>().ok());
    if let Some(length) = announced {
        // The runtime holds a body to its announced length.
        return if length > max {
            Ok(None)
        } else {
            request.bytes().await.map(Some)
        };
    }
    if request.inner().body().is_none() {
        return Ok(Some(Vec::new()));
    }
    let mut body = Vec::new();
    let mut chunks = request.stream()?;
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > max {
            return Ok(None);
        }
    }
    Ok(Some(body))
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

/// The client's request id, if it is a sane one, or a new one.
pub fn request_id(headers: &Headers) -> String {
    let sent = headers.get("X-Request-Id").ok().flatten().filter(|id| {
        let is_sane =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        (1..=128).contains(&id.len()) && id.bytes().all(is_sane)
    });
    sent.unwrap_or_else(|| {
        let bits = || getrandom::u64().unwrap_or_default();
        format!("{:016x}{:016x}", bits(), bits())
    })
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
