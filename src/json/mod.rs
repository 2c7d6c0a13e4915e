//! A JSON reader that keeps positions, exact decimals and repeated keys, and doesn't recurse on its input.
//!
//! It returns slices of the text and allocates only to decode strings with escapes. A caller enters an object with
//! [`Reader::open_object`], then calls [`Reader::next_key`] and [`Reader::value`] in turn. Values that the caller skips
//! are still checked to be JSON.

#![expect(
    clippy::inline_always,
    reason = "the npm build is made for size, and would call these for every byte"
)]

pub mod write;

use std::borrow::Cow;

use crate::problem::{Code, Problem, Span};

/// The maximum depth of nesting. The outermost value is at level 1.
pub const MAX_DEPTH: usize = 32;

/// The levels that a list of requests adds: the list and the object around it.
const LIST_LEVELS: usize = 2;

/// The reason why a text isn't JSON, and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// `json.syntax`, `json.surrogate`, `json.too_deep` or `json.encoding`.
    pub code: Code,
    /// The text for people, such as what was expected.
    pub what: &'static str,
    /// The offset of the byte at which reading stopped.
    pub at: usize,
}

impl SyntaxError {
    /// A body that is not UTF-8 from the byte `at` on.
    #[must_use]
    pub const fn encoding(at: usize) -> Self {
        Self {
            code: Code::JsonEncoding,
            what: "invalid UTF-8",
            at,
        }
    }

    /// A value at the byte `at` that should be an object.
    #[must_use]
    pub const fn not_an_object(at: usize) -> Self {
        Self {
            code: Code::JsonNotAnObject,
            what: "expected an object",
            at,
        }
    }

    /// The line and column, both from 1, counted in characters.
    #[must_use]
    pub fn line_and_column(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count();
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        (line.saturating_add(1), column.saturating_add(1))
    }

    /// Returns the message for people, with line and column.
    #[must_use]
    pub fn message(&self, text: &str) -> String {
        let (line, column) = self.line_and_column(text);
        format!("{} at line {line}, column {column}", self.what)
    }

    /// The error as a problem of the whole request.
    #[must_use]
    pub fn to_problem(self) -> Problem {
        let mut problem = Problem::whole(self.code).with_max(MAX_DEPTH);
        problem.span = Some(Span {
            start: self.at,
            end: self.at,
        });
        problem
    }
}

/// A string of the text, not decoded yet.
#[derive(Clone, Copy, Debug)]
pub struct Str<'a> {
    raw: &'a str,
    escaped: bool,
    /// The string with its quotes.
    pub span: Span,
}

impl<'a> Str<'a> {
    /// A string that stands in no JSON text, such as a cell of a table.
    #[must_use]
    pub(crate) const fn plain(text: &'a str) -> Self {
        Self {
            raw: text,
            escaped: false,
            span: Span { start: 0, end: 0 },
        }
    }

    /// Returns whether the string has escapes.
    #[inline(always)]
    #[must_use]
    pub const fn is_escaped(&self) -> bool {
        self.escaped
    }

    /// Decodes the string. The result is borrowed from the text unless the string has escapes.
    #[must_use]
    #[inline(always)]
    pub fn decode(&self) -> Cow<'a, str> {
        if self.escaped {
            Cow::Owned(self.unescape())
        } else {
            Cow::Borrowed(self.raw)
        }
    }

    /// Returns whether the decoded string equals `text`, without allocating.
    #[must_use]
    #[inline(always)]
    pub fn is(&self, text: &str) -> bool {
        if self.escaped {
            self.unescapes_to(text)
        } else {
            self.raw == text
        }
    }

    #[cold]
    fn unescapes_to(&self, text: &str) -> bool {
        let mut left = text;
        let mut rest = self.raw;
        while let Some((plain, c, behind)) = split_escape(rest) {
            let after = left
                .strip_prefix(plain)
                .and_then(|left| left.strip_prefix(c));
            let Some(after) = after else {
                return false;
            };
            (left, rest) = (after, behind);
        }
        left == rest
    }

    /// Returns whether the string has only white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        let is_blank = |text: &str| text.chars().all(char::is_whitespace);
        let mut rest = self.raw;
        if self.escaped {
            while let Some((plain, c, behind)) = split_escape(rest) {
                if !is_blank(plain) || !c.is_whitespace() {
                    return false;
                }
                rest = behind;
            }
        }
        is_blank(rest)
    }

    #[cold]
    fn unescape(&self) -> String {
        let mut out = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((plain, c, behind)) = split_escape(rest) {
            out.push_str(plain);
            out.push(c);
            rest = behind;
        }
        out.push_str(rest);
        out
    }
}

/// Splits a string at its first escape: the text before it, its character, and the rest. The reader has checked the
/// escape.
fn split_escape(raw: &str) -> Option<(&str, char, &str)> {
    let (plain, rest) = raw.split_at_checked(plain_bytes(raw.as_bytes()))?;
    let (c, behind) = decode_escape(rest.strip_prefix('\\')?)?;
    Some((plain, c, behind))
}

/// Counts the bytes of a string before its end, an escape or a control character, eight bytes at a time.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let repeated = |byte: u8| ONES.wrapping_mul(u64::from(byte));
    // The high bit of each byte that is below `end`, which is at most 128, and perhaps of bytes behind the first one.
    let below = |word: u64, end: u8| word.wrapping_sub(repeated(end)) & !word & HIGH;
    let mut passed = 0_usize;
    let mut rest = bytes;
    while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let quote = below(word ^ repeated(b'"'), 1);
        let escape = below(word ^ repeated(b'\\'), 1);
        let found = quote | escape | below(word, 0x20);
        if found != 0 {
            let bits = found.trailing_zeros();
            return passed.wrapping_add(usize::try_from(bits >> 3).unwrap_or(0));
        }
        passed = passed.wrapping_add(8);
        rest = behind;
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..=0x1F);
    passed.wrapping_add(rest.iter().take_while(is_plain).count())
}

/// The character of the escape after a backslash, and what follows it.
fn decode_escape(escape: &str) -> Option<(char, &str)> {
    let (kind, rest) = escape.split_at_checked(1)?;
    let c = match kind.as_bytes().first()? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return decode_unit(rest),
        c => char::from(*c),
    };
    Some((c, rest))
}

/// The character of the digits after `\u`, of both halves of a pair, and what follows them.
fn decode_unit(digits: &str) -> Option<(char, &str)> {
    let unit = hex4(digits.as_bytes())?;
    let rest = digits.get(4..)?;
    if let Some(c) = char::from_u32(unit) {
        return Some((c, rest));
    }
    let low = rest.as_bytes().get(2..).and_then(hex4)?;
    let c = join_surrogates(unit, low).unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((c, rest.get(6..)?))
}

fn hex4(bytes: &[u8]) -> Option<u32> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte & 0xF),
        // The letters of both cases differ in one bit, and count from 1 in the lower four.
        b'a'..=b'f' | b'A'..=b'F' => Some((byte & 0xF).wrapping_add(9)),
        _ => None,
    };
    let (digits, _) = bytes.split_first_chunk::<4>()?;
    let mut unit = 0_u32;
    for byte in digits {
        unit = unit.wrapping_shl(4) | u32::from(digit(*byte)?);
    }
    Some(unit)
}

fn join_surrogates(high: u32, low: u32) -> Option<char> {
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    let top = (high & 0x3FF).wrapping_shl(10);
    char::from_u32((top | (low & 0x3FF)).checked_add(0x1_0000)?)
}

/// A value of the text.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `null`
    Null(Span),
    /// `true` or `false`
    Bool(bool, Span),
    /// A number, exactly as written.
    Number(&'a str, Span),
    /// A string.
    String(Str<'a>),
    /// An array; its text has been checked and passed over.
    Array(Span),
    /// An object; likewise.
    Object(Span),
}

impl Value<'_> {
    /// Returns the position of the value.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Null(span)
            | Self::Bool(_, span)
            | Self::Number(_, span)
            | Self::Array(span)
            | Self::Object(span) => *span,
            Self::String(string) => string.span,
        }
    }
}

/// Reads one JSON text from front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    max_depth: usize,
    /// Just behind an opening bracket, where no comma belongs.
    fresh: bool,
}

type Result<T> = std::result::Result<T, SyntaxError>;

impl<'a> Reader<'a> {
    /// A reader at the first value of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let mut reader = Self {
            text,
            at: 0,
            depth: 0,
            max_depth: MAX_DEPTH,
            fresh: false,
        };
        reader.skip_space();
        reader
    }

    /// A reader at the start of a text that must be an object.
    ///
    /// # Errors
    /// Returns an error if the text is something else, or isn't JSON.
    pub fn object(text: &'a str) -> Result<Self> {
        let mut reader = Self::new(text);
        if reader.at_object() {
            return Ok(reader);
        }
        let at = reader.position();
        reader.value()?;
        reader.end()?;
        Err(SyntaxError::not_an_object(at))
    }

    /// The same reader for an object with a list of requests, each of which may nest as deep as one alone.
    #[must_use]
    pub const fn of_list(mut self) -> Self {
        self.max_depth = MAX_DEPTH.saturating_add(LIST_LEVELS);
        self
    }

    /// Returns whether the next value is an object.
    #[must_use]
    pub fn at_object(&self) -> bool {
        self.peek() == Some(b'{')
    }

    /// Returns whether the next value is an array.
    #[must_use]
    pub fn at_array(&self) -> bool {
        self.peek() == Some(b'[')
    }

    /// The byte where the next value starts.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Enters the next value, an object.
    ///
    /// # Errors
    /// Returns an error if the next value isn't an object, or nests too deep.
    pub fn open_object(&mut self) -> Result<()> {
        self.open(b'{', "expected an object")
    }

    /// Enters the next value, an array.
    ///
    /// # Errors
    /// Returns an error if the next value isn't an array, or nests too deep.
    pub fn open_array(&mut self) -> Result<()> {
        self.open(b'[', "expected an array")
    }

    /// Reads the next key of the entered object and moves to its value. Returns `None`, and leaves the object, if there
    /// is none.
    ///
    /// # Errors
    /// Returns an error if the text isn't JSON.
    #[inline]
    pub fn next_key(&mut self) -> Result<Option<Str<'a>>> {
        if self.peek() == Some(b'}') {
            self.close();
            return Ok(None);
        }
        if self.fresh {
            self.fresh = false;
            return self.key("expected a key or '}'").map(Some);
        }
        self.take(b',', "expected ',' or '}'")?;
        self.skip_space();
        self.key("expected a key").map(Some)
    }

    /// Moves to the next item of the entered array. Returns `false`, and leaves the array, if there is none.
    ///
    /// # Errors
    /// Returns an error if the text isn't JSON.
    pub fn next_item(&mut self) -> Result<bool> {
        if self.peek() == Some(b']') {
            self.close();
            return Ok(false);
        }
        if self.fresh {
            self.fresh = false;
        } else {
            self.take(b',', "expected ',' or ']'")?;
            self.skip_space();
        }
        Ok(true)
    }

    /// Reads the whole next value.
    ///
    /// # Errors
    /// Returns an error if the text isn't JSON.
    pub fn value(&mut self) -> Result<Value<'a>> {
        let value = match self.peek() {
            Some(b'{' | b'[') => return self.skip_container(),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true").map(|span| Value::Bool(true, span))?,
            Some(b'f') => self.word("false").map(|span| Value::Bool(false, span))?,
            Some(b'n') => self.word("null").map(Value::Null)?,
            _ => return Err(self.error("expected a value")),
        };
        self.skip_space();
        Ok(value)
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// Returns an error if something follows.
    pub fn end(&self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("expected the end of the text")),
        }
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Moves past bytes that were peeked at, so the position stays within the text.
    #[inline(always)]
    const fn advance(&mut self, by: usize) {
        self.at = self.at.wrapping_add(by);
    }

    const fn error(&self, what: &'static str) -> SyntaxError {
        SyntaxError {
            code: Code::JsonSyntax,
            what,
            at: self.at,
        }
    }

    #[inline(always)]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.advance(1);
        }
    }

    #[inline(always)]
    fn take(&mut self, byte: u8, what: &'static str) -> Result<()> {
        if self.peek() != Some(byte) {
            return Err(self.error(what));
        }
        self.advance(1);
        Ok(())
    }

    fn open(&mut self, bracket: u8, what: &'static str) -> Result<()> {
        if self.depth >= self.max_depth && self.peek() == Some(bracket) {
            return Err(SyntaxError {
                code: Code::JsonTooDeep,
                what: "nested deeper than 32 levels",
                at: self.at,
            });
        }
        self.take(bracket, what)?;
        self.depth = self.depth.saturating_add(1);
        self.fresh = true;
        self.skip_space();
        Ok(())
    }

    fn close(&mut self) {
        self.advance(1);
        self.depth = self.depth.saturating_sub(1);
        self.fresh = false;
        self.skip_space();
    }

    #[inline(always)]
    fn key(&mut self, what: &'static str) -> Result<Str<'a>> {
        if self.peek() != Some(b'"') {
            return Err(self.error(what));
        }
        let key = self.string()?;
        self.skip_space();
        self.take(b':', "expected ':'")?;
        self.skip_space();
        Ok(key)
    }

    #[inline(always)]
    fn span_from(&self, start: usize) -> Span {
        Span {
            start,
            end: self.at,
        }
    }

    fn word(&mut self, word: &'static str) -> Result<Span> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or(&[]);
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.error("expected a value"));
        }
        self.advance(word.len());
        Ok(self.span_from(start))
    }

    fn digits(&mut self, what: &'static str) -> Result<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error(what));
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.advance(1);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value<'a>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.advance(1);
        }
        if self.peek() == Some(b'0') {
            self.advance(1);
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.error("a number must not start with a zero"));
            }
        } else {
            self.digits("expected a digit")?;
        }
        if self.peek() == Some(b'.') {
            self.advance(1);
            self.digits("expected a digit")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.advance(1);
            if let Some(b'+' | b'-') = self.peek() {
                self.advance(1);
            }
            self.digits("expected a digit")?;
        }
        let span = self.span_from(start);
        Ok(Value::Number(
            self.text.get(start..self.at).unwrap_or(""),
            span,
        ))
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Str<'a>> {
        let start = self.at;
        self.advance(1);
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
            self.advance(plain_bytes(rest));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.error("a control character must be escaped")),
                None => return Err(self.error("expected '\"'")),
            }
        }
        let raw = self
            .text
            .get(start.saturating_add(1)..self.at)
            .unwrap_or("");
        self.advance(1);
        Ok(Str {
            raw,
            escaped,
            span: self.span_from(start),
        })
    }

    fn escape(&mut self) -> Result<()> {
        let start = self.at;
        self.advance(1);
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.advance(1);
                return Ok(());
            }
            Some(b'u') => self.advance(1),
            _ => return Err(self.error("expected an escape")),
        }
        let unit = self.unit()?;
        if !(0xD800..0xE000).contains(&unit) {
            return Ok(());
        }
        let lone = SyntaxError {
            code: Code::JsonSurrogate,
            what: "half of a surrogate pair",
            at: start,
        };
        let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
        if !rest.starts_with(b"\\u") {
            return Err(lone);
        }
        self.advance(2);
        let low = self.unit()?;
        join_surrogates(unit, low).map(|_| ()).ok_or(lone)
    }

    fn unit(&mut self) -> Result<u32> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
        let unit = hex4(rest).ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.advance(4);
        Ok(unit)
    }

    /// Checks an array or object and skips it. The nesting is kept in the bits of `objects`, not on the call stack.
    fn skip_container(&mut self) -> Result<Value<'a>> {
        const { assert!(MAX_DEPTH + LIST_LEVELS < 64, "a bit for each level") };
        let start = self.at;
        let outside = self.depth;
        let mut objects = 0_u64;
        let is_object = self.at_object();
        loop {
            // A value is next.
            match self.peek() {
                Some(b'{') => {
                    self.open_object()?;
                    objects = objects.wrapping_shl(1) | 1;
                }
                Some(b'[') => {
                    self.open_array()?;
                    objects = objects.wrapping_shl(1);
                }
                _ => {
                    self.value()?;
                }
            }
            // Leave the containers that end here. Then another value is next, or the outermost container has ended.
            loop {
                if self.depth == outside {
                    return Ok(self.container(is_object, start));
                }
                let end = if objects & 1 == 1 {
                    self.next_key()?.is_none()
                } else {
                    !self.next_item()?
                };
                if !end {
                    break;
                }
                objects = objects.wrapping_shr(1);
            }
        }
    }

    fn container(&self, is_object: bool, start: usize) -> Value<'a> {
        // The space after it has been passed over already.
        let read = self.text.get(start..self.at).unwrap_or("");
        let end = start.saturating_add(read.trim_ascii_end().len());
        let span = Span { start, end };
        if is_object {
            Value::Object(span)
        } else {
            Value::Array(span)
        }
    }
}
