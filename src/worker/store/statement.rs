//! Statements as D1 takes them: with numbered parameters, and with the values that they are bound to.

use serde_json::Value;
use worker::wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement};

use super::Failure;
use super::template::Template;

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

/// The values of one request, by the names of their parameters.
pub type Binds = [(&'static str, Bind)];

/// A statement as D1 takes it. It can be bound more than once.
pub struct Statement {
    sql: String,
    names: Vec<String>,
}

impl Statement {
    /// Numbers the parameters of a template whose placeholders are all filled.
    pub fn new(template: &Template) -> Self {
        let (sql, names) = template.number_parameters();
        Self { sql, names }
    }

    /// Binds each parameter to the value of its name. Values without a parameter are left out.
    ///
    /// # Errors
    /// A parameter without a value, which is a bug.
    pub fn bind(&self, db: &D1Database, binds: &Binds) -> Result<D1PreparedStatement, Failure> {
        let values = self.values(binds)?;
        let values: Vec<JsValue> = values.into_iter().map(Bind::to_js).collect();
        Ok(db.prepare(&self.sql).bind(&values)?)
    }

    /// The values in the order of their numbers.
    pub fn values<'b>(&self, binds: &'b Binds) -> Result<Vec<&'b Bind>, Failure> {
        let value = |name: &String| {
            let found = binds.iter().find(|(known, _)| known == name);
            found
                .map(|(_, bind)| bind)
                .ok_or_else(|| Failure::Unexpected(format!("`:{name}` has no value")))
        };
        self.names.iter().map(value).collect()
    }
}

/// Prepares a statement that is used once.
pub fn prepare(
    db: &D1Database,
    template: impl Into<Template>,
    binds: &Binds,
) -> Result<D1PreparedStatement, Failure> {
    Statement::new(&template.into()).bind(db, binds)
}
