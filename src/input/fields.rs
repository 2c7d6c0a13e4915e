//! Reads the fields of one JSON object: which keys were sent, and each kind of value by its rule.
//!
//! A reader of a value returns the value or a problem. Callers record the problem and go on, so that a request gets all
//! of its problems at once. [`super::parameters`] has the names of the fields.

use std::borrow::Cow;

use crate::json::{Reader, Str, SyntaxError, Value};
use crate::model::money::Cents;
use crate::model::phone::{CountryCode, Phone};
use crate::model::time::UnixMillis;
use crate::problem::{Code, Problem, Span, pointer_to};

/// The longest names, ids and custom parameters, in characters.
pub const MAX_NAME: usize = 255;
/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 4_096;
/// The most digits of a duration in seconds.
pub const MAX_DURATION_DIGITS: usize = 9;

/// How many unknown and repeated keys of one object are listed. The others are counted.
pub const MAX_STRAYS: usize = 100;
/// How many unknown and repeated keys of a whole list are listed. Beyond that, one of each object is.
pub const MAX_LIST_STRAYS: usize = 10_000;
/// The maximum edit distance between a key and the known name that is suggested for it. All names are longer.
const MAX_TYPOS: usize = 2;

/// Reads the value of the known key with an index, or returns `None` to have it read as any other. It is a trait object
/// so that reading an object is compiled once.
pub type Nested<'a, 'f> =
    Option<&'f mut dyn FnMut(&mut Reader<'a>, usize) -> Result<Option<Value<'a>>, SyntaxError>>;

/// The values of an object by their known keys, and the stray keys: those that are unknown or repeated.
#[derive(Debug)]
pub struct ObjectFields<'a> {
    values: Vec<Option<(Span, Value<'a>)>>,
    /// The first [`MAX_STRAYS`] stray keys. A body may have one every few bytes.
    stray: Vec<(Code, Str<'a>)>,
    /// How many more there are.
    more: usize,
}

impl<'a> ObjectFields<'a> {
    /// Reads the next value, an object.
    ///
    /// # Errors
    /// Returns an error if the text isn't JSON.
    pub fn read(
        reader: &mut Reader<'a>,
        names: &[&str],
        mut nested: Nested<'a, '_>,
    ) -> Result<Self, SyntaxError> {
        let mut sent = Self {
            values: vec![None; names.len()],
            stray: Vec::new(),
            more: 0,
        };
        reader.open_object()?;
        let mut likely = 0_usize;
        while let Some(key) = reader.next_key()? {
            // Most clients send fields in the API's order.
            let index = if names.get(likely).is_some_and(|known| key.is(known)) {
                Some(likely)
            } else {
                names.iter().position(|known| key.is(known))
            };
            let Some(index) = index else {
                sent.add_stray(Code::KeyUnknown, key);
                reader.value()?;
                continue;
            };
            likely = index.saturating_add(1);
            let walked = match &mut nested {
                Some(nested) => nested(reader, index)?,
                None => None,
            };
            let value = match walked {
                Some(value) => value,
                None => reader.value()?,
            };
            if let Some(slot) = sent.values.get_mut(index)
                && slot.replace((key.span, value)).is_some()
            {
                sent.add_stray(Code::KeyRepeated, key);
            }
        }
        sent.find_repeated_strays();
        Ok(sent)
    }

    /// The fields of an object that came as texts and not as JSON, such as the cells of a row: names and texts, where
    /// `None` is a text that could not be converted, which every rule refuses.
    pub(crate) fn of_texts(
        names: &[&str],
        texts: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Self {
        let mut sent = Self {
            values: vec![None; names.len()],
            stray: Vec::new(),
            more: 0,
        };
        for (name, text) in texts {
            let key = Str::plain(name);
            let value = match text {
                // The rules refuse U+0000 in JSON, where only an escape can stand for it.
                Some(text) if !text.as_bytes().contains(&0) => Value::String(Str::plain(text)),
                _ => Value::Array(key.span),
            };
            let index = names.iter().position(|known| *known == name);
            let slot = index.and_then(|index| sent.values.get_mut(index));
            match slot.map(|slot| slot.replace((key.span, value))) {
                None => sent.add_stray(Code::KeyUnknown, key),
                Some(None) => {}
                Some(Some(_)) => sent.add_stray(Code::KeyRepeated, key),
            }
        }
        sent
    }

    /// The fields of the object at the pointer `parent`, in the order of `names`, with which it was read.
    #[must_use]
    pub fn fields<'p, const N: usize>(
        &'p self,
        names: &[&'static str; N],
        parent: &'p str,
    ) -> [Field<'a, 'p>; N] {
        let mut fields = [Field::absent("", parent); N];
        self.fill(names, &mut fields);
        fields
    }

    // Not generic, so that it is compiled once.
    fn fill<'p>(&'p self, names: &[&'static str], fields: &mut [Field<'a, 'p>]) {
        let mut values = self.values.iter();
        for (field, name) in fields.iter_mut().zip(names) {
            (field.name, field.key) = (name, name);
            field.sent = values.next().and_then(Option::as_ref);
        }
    }

    /// Returns what was sent for the key at `place` in the names.
    #[must_use]
    pub fn value(&self, index: usize) -> Option<Value<'a>> {
        Some(self.values.get(index)?.as_ref()?.1)
    }

    #[cold]
    fn add_stray(&mut self, code: Code, key: Str<'a>) {
        if self.stray.len() < MAX_STRAYS {
            self.stray.push((code, key));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Marks unknown keys as repeated, except for the first occurrence of each.
    fn find_repeated_strays(&mut self) {
        if self.stray.len() < 2 {
            return;
        }
        let mut order: Vec<_> = self
            .stray
            .iter()
            .enumerate()
            .filter(|(_, (code, _))| *code == Code::KeyUnknown)
            .map(|(at, (_, key))| (key.decode(), at))
            .collect();
        order.sort_unstable();
        let repeated: Vec<usize> = order
            .iter()
            .zip(order.iter().skip(1))
            .filter(|((name, _), (next, _))| name == next)
            .map(|(_, (_, at))| *at)
            .collect();
        for at in repeated {
            if let Some((code, _)) = self.stray.get_mut(at) {
                *code = Code::KeyRepeated;
            }
        }
    }

    /// Adds a problem for each stray key, with the nearest known name. `left` is how many may still be listed; the
    /// first one always is. The others are counted.
    pub fn stray_keys(
        &self,
        names: &[&'static str],
        parent: &str,
        left: &mut usize,
        problems: &mut Vec<Problem>,
    ) {
        let shown = self.stray.len().min((*left).max(1));
        *left = left.saturating_sub(shown);
        for (code, key) in self.stray.iter().take(shown) {
            let name = shortened(key.decode());
            let mut problem = Problem::whole(*code);
            problem.pointer = pointer_to(parent, &name);
            problem.span = Some(key.span);
            if *code == Code::KeyUnknown {
                problem.fix = nearest(&name, names).map(str::to_owned);
            }
            problems.push(problem.with_name(name.into_owned()));
        }
        let more = self
            .more
            .saturating_add(self.stray.len().saturating_sub(shown));
        if more > 0 {
            let mut problem = Problem::more(more);
            parent.clone_into(&mut problem.pointer);
            problems.push(problem);
        }
    }
}

/// Shortens a key that is longer than any name to its beginning and `…`.
fn shortened(key: Cow<'_, str>) -> Cow<'_, str> {
    let end = key.char_indices().nth(MAX_NAME).map(|(end, _)| end);
    match end.and_then(|end| key.get(..end)) {
        Some(start) => Cow::Owned(format!("{start}…")),
        None => key,
    }
}

/// Returns the known name of which a key is probably a misspelling.
pub(crate) fn nearest<'n>(key: &str, names: &[&'n str]) -> Option<&'n str> {
    // Names of another length are further away, and comparing lengths is cheap.
    let length = key.chars().count();
    let is_near = |name: &&&str| name.len().abs_diff(length) <= MAX_TYPOS;
    let mut names = names.iter().filter(is_near).peekable();
    names.peek()?;
    let as_named = |c| match c {
        '-' | ' ' => '_',
        c => char::to_ascii_lowercase(&c),
    };
    let key: String = key.chars().map(as_named).collect();
    names
        .map(|name| (strsim::osa_distance(&key, name), *name))
        .filter(|(typos, _)| *typos <= MAX_TYPOS)
        .min()
        .map(|(_, name)| name)
}

/// A field of an object, sent or not.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a, 'p> {
    /// The name in messages.
    pub name: &'static str,
    /// The key under which it was sent.
    pub key: &'static str,
    /// The pointer of its object.
    pub parent: &'p str,
    /// The position of the key, and the value.
    pub sent: Option<&'p (Span, Value<'a>)>,
}

/// The value of a field, or `None` if it was not sent. The problem is boxed because it is large and rare.
pub type FieldResult<T> = Result<Option<T>, Box<Problem>>;

impl<'a, 'p> Field<'a, 'p> {
    /// A field that wasn't sent.
    #[must_use]
    pub const fn absent(name: &'static str, parent: &'p str) -> Self {
        Self {
            name,
            key: name,
            parent,
            sent: None,
        }
    }

    /// Returns the value that was sent.
    #[must_use]
    pub fn value(&self) -> Option<Value<'a>> {
        self.sent.map(|(_, value)| *value)
    }

    /// A problem with the value that was sent.
    #[must_use]
    #[cold]
    pub fn problem(&self, code: Code) -> Problem {
        let mut problem = Problem::whole(code).with_name(self.name);
        problem.pointer = pointer_to(self.parent, self.key);
        problem.span = self.value().map(|value| value.span());
        problem
    }

    /// Refuses the value.
    ///
    /// # Errors
    /// Always returns an error.
    pub fn refuse<T>(&self, code: Code) -> FieldResult<T> {
        Err(Box::new(self.problem(code)))
    }

    /// Reads a text, number or boolean as text. Null counts as not sent.
    ///
    /// # Errors
    /// Returns `code` for an object, an array, or a text with U+0000.
    #[inline]
    pub fn text(&self, code: Code) -> FieldResult<Cow<'a, str>> {
        match self.value() {
            None => Ok(None),
            Some(Value::String(string)) if !string.is_escaped() => Ok(Some(string.decode())),
            Some(value) => self.text_from_any(value, code),
        }
    }

    fn text_from_any(&self, value: Value<'a>, code: Code) -> FieldResult<Cow<'a, str>> {
        match value {
            Value::Null(_) => Ok(None),
            Value::Bool(value, _) => Ok(Some(Cow::Borrowed(boolean_text(value)))),
            Value::Number(written, _) => Ok(Some(Cow::Borrowed(written))),
            Value::String(string) => match string.decode() {
                // Only an escape can stand for U+0000 in JSON.
                Cow::Owned(text) if text.contains('\0') => self.refuse(code),
                text => Ok(Some(text)),
            },
            Value::Array(_) | Value::Object(_) => self.refuse(code),
        }
    }

    /// Reads a text of at most `max` characters.
    ///
    /// # Errors
    /// Returns the errors of [`Field::text`], and `too_long`.
    pub fn text_within(&self, max: usize, code: Code, too_long: Code) -> FieldResult<Cow<'a, str>> {
        let text = self.text(code)?;
        // Counting bytes is cheap, and no text has more characters than bytes.
        if text
            .as_ref()
            .is_some_and(|text| text.len() > max && text.chars().count() > max)
        {
            return Err(Box::new(self.problem(too_long).with_max(max)));
        }
        Ok(text)
    }

    /// Reads a text like [`Field::text`]. A blank text counts as not sent.
    ///
    /// # Errors
    /// Returns the errors of [`Field::text`].
    pub fn non_blank_text(&self, code: Code) -> FieldResult<Cow<'a, str>> {
        Ok(self.text(code)?.filter(|text| !is_blank(text)))
    }

    /// Returns whether a value was sent that isn't null or a blank text. It may be invalid.
    #[must_use]
    pub fn is_present(&self) -> bool {
        match self.value() {
            None | Some(Value::Null(_)) => false,
            Some(Value::String(string)) => !string.is_blank(),
            Some(_) => true,
        }
    }

    /// Reads an id that the network assigned, of any characters. A blank text counts as not sent.
    ///
    /// # Errors
    /// Returns the errors of [`Field::text_within`].
    pub fn id(&self, code: Code, too_long: Code) -> FieldResult<Cow<'a, str>> {
        let id = self.text_within(MAX_NAME, code, too_long)?;
        Ok(id.filter(|id| !is_blank(id)))
    }

    /// Reads a Unix time of 10 digits (seconds) or 13 digits (milliseconds). A text for which `absent` returns true
    /// counts as not sent.
    ///
    /// # Errors
    /// Returns `code` for anything else.
    pub fn time(&self, code: Code, absent: fn(&str) -> bool) -> FieldResult<UnixMillis> {
        match self.text(code)? {
            Some(text) if !absent(&text) => match UnixMillis::parse(&text) {
                Some(time) => Ok(Some(time)),
                None => self.refuse(code),
            },
            _ => Ok(None),
        }
    }

    /// Reads a phone number. A blank text counts as not sent. A JSON number must be written in digits only.
    ///
    /// # Errors
    /// Returns `code` for anything else.
    pub fn phone(&self, country: CountryCode, code: Code) -> FieldResult<Phone> {
        let Some(text) = self.non_blank_text(code)? else {
            return Ok(None);
        };
        let written_in_digits =
            !matches!(self.value(), Some(Value::Number(..))) || is_digits(&text);
        match Phone::parse(&text, country).filter(|_| written_in_digits) {
            Some(phone) => Ok(Some(phone)),
            None => self.refuse(code),
        }
    }

    /// Reads a whole number of seconds. A blank text counts as not sent.
    ///
    /// # Errors
    /// Returns `duration_in_seconds.format` for anything else.
    pub fn duration(&self) -> FieldResult<u32> {
        let Some(text) = self.non_blank_text(Code::DurationFormat)? else {
            return Ok(None);
        };
        if is_digits(&text)
            && text.len() <= MAX_DURATION_DIGITS
            && let Ok(seconds) = text.parse()
        {
            return Ok(Some(seconds));
        }
        self.refuse(Code::DurationFormat)
    }

    /// Reads an amount. Null and `""` clear it, which is `Some(None)`.
    ///
    /// # Errors
    /// Returns the `sale_amount.*` rule that the value breaks.
    pub fn amount(&self) -> FieldResult<Option<Cents>> {
        match self.value() {
            None => return Ok(None),
            Some(Value::Bool(..)) => return self.refuse(Code::SaleAmountFormat),
            Some(_) => {}
        }
        let text = self.text(Code::SaleAmountFormat)?.unwrap_or_default();
        if text.is_empty() {
            return Ok(Some(None));
        }
        match Cents::parse(&text) {
            Ok(amount) => Ok(Some(Some(amount))),
            Err((code, fix)) => {
                let mut problem = self.problem(code);
                problem.fix = fix;
                Err(Box::new(problem))
            }
        }
    }

    /// Reads true or false, 1 or 0, yes or no. Null and `""` count as not sent.
    ///
    /// # Errors
    /// Returns `value.format` for anything else.
    pub fn boolean(&self) -> FieldResult<bool> {
        let Some(text) = self.text(Code::ValueFormat)? else {
            return Ok(None);
        };
        let is_any = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if text.is_empty() {
            Ok(None)
        } else if is_any(["true", "1", "yes"]) {
            Ok(Some(true))
        } else if is_any(["false", "0", "no"]) {
            Ok(Some(false))
        } else {
            self.refuse(Code::ValueFormat)
        }
    }
}

/// Returns a boolean as text.
pub(crate) const fn boolean_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Returns the value, or records the problem and returns `None`.
pub fn ok_or_record<T>(problems: &mut Vec<Problem>, read: FieldResult<T>) -> Option<T> {
    read.unwrap_or_else(|problem| {
        problems.push(*problem);
        None
    })
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// Returns whether a text is one or more ASCII digits.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A value that should be an object, such as `search`.
#[derive(Debug)]
pub enum SentObject<'a> {
    /// Not sent, or null.
    Absent,
    /// An object.
    Object(ObjectFields<'a>),
    /// Another value, at this position.
    Wrong(Span),
}

impl<'a> SentObject<'a> {
    /// Reads the next value, with the names of its fields.
    ///
    /// # Errors
    /// Returns an error if the text isn't JSON.
    pub fn read(reader: &mut Reader<'a>, names: &[&str]) -> Result<Self, SyntaxError> {
        if reader.at_object() {
            return ObjectFields::read(reader, names, None).map(Self::Object);
        }
        Ok(match reader.value()? {
            Value::Null(_) => Self::Absent,
            other => Self::Wrong(other.span()),
        })
    }
}
