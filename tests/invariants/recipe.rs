//! Bodies that are nearly right, made from any bytes: an input that nobody shaped is hardly ever a request, so most
//! invariants would never be checked on the inputs as they are.

/// The bytes of an input, one for each choice.
pub struct Recipe<'a>(std::slice::Iter<'a, u8>);

/// A key, and the values that it may have, as JSON. An empty one leaves the key out.
type Field = (&'static str, &'static [&'static str]);

const STARTS: &[&str] = &[
    "\"1435993200\"",
    "1435993260",
    "1435993200500",
    "\"1435993140\"",
    "1435990000",
    "\"1436993200\"",
];
const DURATIONS: &[&str] = &["", "0", "60", "\"61\"", "3600"];
const PHONES: &[&str] = &["", "\"+18885551212\"", "\"(888) 555-1212\"", "18885551213"];
const OWNERS: &[&str] = &["", "\"1\"", "2", "null"];
const TEXTS: &[&str] = &["", "\"a\"", "\" é😀 \"", "\"\\u00e9\\n\"", "7", "null"];

const BY_ID: &[Field] = &[("transaction_id", &["\"A-1\"", "\"a-2\"", "\" 12 \"", "3"])];
const BY_TIME: &[Field] = &[
    ("start_time_t", STARTS),
    ("duration_in_seconds", DURATIONS),
    ("calling_phone_number", &["", "", "", "\"888 555 1212\""]),
    ("advertiser_id_from_network", &["", "", "", "\"1\""]),
];
const CALL: &[Field] = &[
    (
        "transaction_id",
        &["\"A-1\"", "\"a-2\"", "\"A-3\"", "\"A-4\"", "5"],
    ),
    ("start_time_t", STARTS),
    ("duration_in_seconds", DURATIONS),
    ("calling_phone_number", PHONES),
    ("advertiser_id_from_network", OWNERS),
];
const OUTCOME: &[Field] = &[
    ("outcome_name", &["\"Sale\"", "\" sale \"", "\"é\"", "5"]),
    ("partner_unique_id", TEXTS),
    ("description", TEXTS),
    (
        "occurred_at_time_t",
        &["", "\"1440607313\"", "1440607313500"],
    ),
    ("sale_amount", &["", "\"100.50\"", "1e2", "null", "0"]),
    ("value", &["", "true", "\"no\"", "1", "null"]),
    ("custom_parameter_1", TEXTS),
];
/// What may go wrong in any object: a key that no other has, or one of a bad value that comes last, and so counts.
const MISTAKES: &[Field] = &[
    ("custm_parameter_2", &["", "", "\"misspelt\""]),
    ("start_time_t", &["", "", "", "", "", "\"x\""]),
    ("sale_amount", &["", "", "", "", "", "\"1,000.00\""]),
    ("calling_phone_number", &["", "", "", "", "", "\"12\""]),
    ("transaction_id", &["", "", "", "", "", "\"!\""]),
];

impl<'a> Recipe<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    pub fn report(&mut self) -> String {
        let search = self.search();
        let outcome = self.object(&[OUTCOME, MISTAKES].concat());
        format!("{{\"search\":{search},\"call_outcome\":{outcome}}}")
    }

    pub fn reports(&mut self) -> String {
        format!("{{\"call_outcomes\":{}}}", self.list(Self::report))
    }

    pub fn calls(&mut self) -> String {
        format!(
            "{{\"calls\":{}}}",
            self.list(|recipe| recipe.object(&[CALL, MISTAKES].concat()))
        )
    }

    pub fn search_and_calls(&mut self) -> String {
        let search = self.search();
        let calls = self.list(|recipe| recipe.object(CALL));
        format!("{{\"search\":{search},\"calls\":{calls}}}")
    }

    fn search(&mut self) -> String {
        let fields = *self.pick(&[BY_TIME, BY_ID, BY_TIME, BY_TIME]);
        self.object(fields)
    }

    fn list(&mut self, item: impl Fn(&mut Self) -> String) -> String {
        let count = *self.pick(&[3, 1, 2, 4, 6, 0]);
        let items: Vec<String> = (0..count).map(|_| item(self)).collect();
        format!("[{}]", items.join(","))
    }

    fn object(&mut self, fields: &[Field]) -> String {
        let members: Vec<String> = fields
            .iter()
            .map(|(key, values)| (key, self.pick(values)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    /// One of some. The first, where there are no bytes left.
    fn pick<'b, T>(&mut self, from: &'b [T]) -> &'b T {
        let byte = self.0.next().map_or(0, |byte| usize::from(*byte));
        from.iter().cycle().nth(byte).unwrap()
    }
}
