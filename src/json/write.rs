//! Writes this crate's own types as JSON, without what they don't use. `serde_json` would make the npm package a
//! quarter larger.

use std::fmt::{Display, Formatter, Write};

use serde::Serialize;
use serde::ser::{Error, Impossible, SerializeSeq, SerializeStruct, SerializeTuple, Serializer};

/// Writes a value as JSON. Only strings, booleans, integers, durations, lists and structs are supported; for anything
/// else, which would be a bug of this crate, the result is empty.
#[must_use]
pub fn to_json(value: &impl Serialize) -> String {
    let mut out = String::with_capacity(512);
    match value.serialize(Json(&mut out)) {
        Ok(()) => out,
        Err(Unwritable) => String::new(),
    }
}

/// The error for a value that isn't supported.
#[derive(Debug)]
struct Unwritable;

impl Display for Unwritable {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("the value is not supported")
    }
}

impl std::error::Error for Unwritable {}

impl Error for Unwritable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Written = Result<(), Unwritable>;

/// Appends one value.
struct Json<'o>(&'o mut String);

/// Writes the members of a structure or the items of a list.
struct Members<'o> {
    out: &'o mut String,
    end: char,
    first: bool,
}

impl<'o> Members<'o> {
    fn begin(out: &'o mut String, start: char, end: char) -> Self {
        out.push(start);
        Self {
            out,
            end,
            first: true,
        }
    }

    fn next(&mut self) -> Json<'_> {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        Json(self.out)
    }
}

/// Appends a JSON string.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F))
    {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c @ '\0'..'\u{20}') => {
                let digit = |value: u32| char::from_digit(value, 16).unwrap_or('0');
                out.push_str("\\u00");
                out.push(digit(u32::from(c) >> 4));
                out.push(digit(u32::from(c) & 0xF));
            }
            Some(c) => {
                out.push('\\');
                out.push(c);
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends the decimal digits of an integer.
fn digits(out: &mut String, number: i64) -> Written {
    write!(out, "{number}").map_err(|_| Unwritable)
}

type Never = Impossible<(), Unwritable>;

impl<'o> Serializer for Json<'o> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Members<'o>;
    type SerializeTuple = Members<'o>;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Members<'o>;
    type SerializeStructVariant = Never;

    fn serialize_bool(self, value: bool) -> Written {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }
    fn serialize_i8(self, value: i8) -> Written {
        digits(self.0, value.into())
    }
    fn serialize_i16(self, value: i16) -> Written {
        digits(self.0, value.into())
    }
    fn serialize_i32(self, value: i32) -> Written {
        digits(self.0, value.into())
    }
    fn serialize_i64(self, value: i64) -> Written {
        digits(self.0, value)
    }
    fn serialize_u8(self, value: u8) -> Written {
        digits(self.0, value.into())
    }
    fn serialize_u16(self, value: u16) -> Written {
        digits(self.0, value.into())
    }
    fn serialize_u32(self, value: u32) -> Written {
        digits(self.0, value.into())
    }
    fn serialize_u64(self, value: u64) -> Written {
        digits(self.0, value.try_into().map_err(|_| Unwritable)?)
    }
    fn serialize_f32(self, _: f32) -> Written {
        Err(Unwritable)
    }
    /// Writes a duration in seconds, which is not negative and has at most three decimals.
    fn serialize_f64(self, value: f64) -> Written {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a float saturates, and no such length is near that"
        )]
        let millis = (value * 1_000.0).round() as i64;
        let text = format!(
            "{}.{:03}",
            millis.div_euclid(1_000),
            millis.rem_euclid(1_000)
        );
        self.0
            .push_str(text.trim_end_matches('0').trim_end_matches('.'));
        Ok(())
    }
    fn serialize_char(self, _: char) -> Written {
        Err(Unwritable)
    }
    fn serialize_str(self, value: &str) -> Written {
        string(self.0, value);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Written {
        Err(Unwritable)
    }
    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Written {
        self.0.push_str("null");
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Written {
        Err(Unwritable)
    }
    fn serialize_unit_variant(self, _: &str, _: u32, name: &'static str) -> Written {
        self.serialize_str(name)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &str, value: &T) -> Written {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: &T,
    ) -> Written {
        Err(Unwritable)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'o>, Unwritable> {
        Ok(Members::begin(self.0, '[', ']'))
    }
    fn serialize_tuple(self, _: usize) -> Result<Members<'o>, Unwritable> {
        Ok(Members::begin(self.0, '[', ']'))
    }
    fn serialize_tuple_struct(self, _: &str, _: usize) -> Result<Never, Unwritable> {
        Err(Unwritable)
    }
    fn serialize_tuple_variant(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: usize,
    ) -> Result<Never, Unwritable> {
        Err(Unwritable)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Never, Unwritable> {
        Err(Unwritable)
    }
    fn serialize_struct(self, _: &str, _: usize) -> Result<Members<'o>, Unwritable> {
        Ok(Members::begin(self.0, '{', '}'))
    }
    fn serialize_struct_variant(
        self,
        _: &str,
        _: u32,
        _: &str,
        _: usize,
    ) -> Result<Never, Unwritable> {
        Err(Unwritable)
    }
}

impl SerializeSeq for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(self.next())
    }
    fn end(self) -> Written {
        self.out.push(self.end);
        Ok(())
    }
}

impl SerializeTuple for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(self.next())
    }
    fn end(self) -> Written {
        self.out.push(self.end);
        Ok(())
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        string(self.next().0, name);
        self.out.push(':');
        value.serialize(Json(self.out))
    }
    fn end(self) -> Written {
        self.out.push(self.end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::explanation::Seconds;
    use serde_json::Value;

    #[derive(Serialize)]
    struct Sample<'a> {
        text: &'a str,
        list: Vec<Option<u32>>,
        pair: (usize, i64),
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<bool>,
        last: bool,
    }

    #[test]
    fn structures_are_written_as_serde_json_writes_them() {
        let all: String = (0..0x250).filter_map(char::from_u32).collect();
        for text in ["", "a", "\\\"", "\u{7f}😀", &all] {
            let sample = Sample {
                text,
                list: vec![Some(u32::MAX), None],
                pair: (0, i64::MIN),
                absent: None,
                last: true,
            };
            assert_eq!(to_json(&sample), serde_json::to_string(&sample).unwrap());
        }
        let empty: [u8; 0] = [];
        assert_eq!(to_json(&empty), "[]");
    }

    #[test]
    fn lengths_of_time_have_at_most_three_decimals() {
        for millis in [
            0,
            1,
            500,
            1_000,
            1_010,
            1_877,
            86_400_001,
            4_102_444_800_999,
        ] {
            let seconds = Seconds(millis);
            let expected: Value = serde_json::to_value(seconds).unwrap();
            assert_eq!(to_json(&seconds), expected.to_string());
        }
    }
}
