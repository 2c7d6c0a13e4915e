//! SQL with named parameters, as D1 takes it: numbered.
//!
//! Not here: any SQL. No value ever becomes part of a statement's text.

use serde_json::Value;
use worker::wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement, Result};

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// NULL.
    Null,
    /// Text. Ids and phone numbers are always text.
    Text(String),
    /// A whole number. D1 takes doubles, which are exact up to 2^53.
    Integer(i64),
}

impl Bind {
    /// Text, or NULL.
    pub fn text(value: Option<&str>) -> Self {
        value.map_or(Self::Null, |text| Self::Text(text.to_owned()))
    }

    /// The value in a list of rows.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::from(text.as_str()),
            Self::Integer(number) => Value::from(*number),
        }
    }

    fn to_js(&self) -> JsValue {
        match self {
            Self::Null => JsValue::NULL,
            Self::Text(text) => JsValue::from_str(text),
            #[expect(
                clippy::cast_precision_loss,
                reason = "times and counts here stay under 2^53: 13 digits at most, and a window of as many"
            )]
            Self::Integer(number) => JsValue::from_f64(*number as f64),
        }
    }
}

/// The named values of one request.
pub type Binds = [(&'static str, Bind)];

/// A statement as D1 takes it. Each `:name` of its text takes the value of that name; what is not named is not bound.
pub struct Statement {
    sql: String,
    names: Vec<String>,
}

impl Statement {
    /// Numbers the parameters.
    pub fn new(sql: &str) -> Self {
        let (sql, names) = number(sql);
        Self { sql, names }
    }

    /// The statement with values.
    pub fn bind(&self, db: &D1Database, binds: &Binds) -> Result<D1PreparedStatement> {
        let values: Vec<JsValue> = self
            .names
            .iter()
            .map(|name| {
                binds
                    .iter()
                    .find(|(known, _)| known == name)
                    .map_or(JsValue::NULL, |(_, bind)| bind.to_js())
            })
            .collect();
        db.prepare(&self.sql).bind(&values)
    }
}

/// A statement that is used once, with values.
pub fn prepare(db: &D1Database, sql: &str, binds: &Binds) -> Result<D1PreparedStatement> {
    Statement::new(sql).bind(db, binds)
}

/// The statement with each parameter in `columns` as a column of the rows `q`.
pub fn over_rows(sql: &str, columns: &[&str]) -> String {
    replace_names(sql, |name, out| {
        out.push_str(if columns.contains(&name) { "q." } else { ":" });
        out.push_str(name);
    })
}

/// Replaces each `:name` by `?N`, counted by first use.
///
/// A column that is compared with a bare parameter makes `SQLite` plan by whether the value is 0 or 1. D1 clears what is
/// bound after each run, upon which such a statement is prepared anew at the next, and preparing costs more than running.
/// An explicit collation, the one that applies anyway, makes it no bare parameter.
fn number(sql: &str) -> (String, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    let numbered = replace_names(sql, |name, out| {
        let known = names.iter().position(|known| *known == name);
        let place = known.unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len().saturating_sub(1)
        });
        out.push('?');
        let is_compared = out.ends_with(" = ?");
        out.push_str(&place.saturating_add(1).to_string());
        if is_compared {
            out.push_str(" COLLATE BINARY");
        }
    });
    (numbered, names)
}

/// Writes each `:name` as `write` does, and drops comments.
fn replace_names<'a>(sql: &'a str, mut write: impl FnMut(&'a str, &mut String)) -> String {
    let mut replaced = String::with_capacity(sql.len());
    for line in sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
    {
        let mut parts = line.trim().split(':');
        replaced.push_str(parts.next().unwrap_or(""));
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_lowercase() && c != '_')
                .unwrap_or(part.len());
            let (name, rest) = part.split_at_checked(end).unwrap_or((part, ""));
            write(name, &mut replaced);
            replaced.push_str(rest);
        }
        replaced.push('\n');
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::{number, over_rows};

    #[test]
    fn names_are_numbered_by_first_use() {
        let (sql, names) = number("-- :comment\nSELECT :b_c, :a\n  FROM x WHERE y = :b_c\n");
        let expected = "SELECT ?1, ?2\nFROM x WHERE y = ?1 COLLATE BINARY\n";
        assert_eq!(
            (sql.as_str(), names.as_slice()),
            (expected, ["b_c", "a"].as_slice())
        );
    }

    #[test]
    fn columns_stand_for_the_parameters_of_their_names() {
        assert_eq!(
            over_rows("x = :a AND y = :ab", &["a"]),
            "x = q.a AND y = :ab\n"
        );
    }
}
