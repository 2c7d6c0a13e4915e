//! Reads a report of an outcome: a [`Report`], or all of its problems. The token is returned, not checked.

use std::borrow::Cow;

use crate::input::fields::{
    Field, FieldResult, MAX_DESCRIPTION, MAX_NAME, ObjectFields, SentObject, boolean_text,
    ok_or_record,
};
use crate::input::parameters::{CALL_OUTCOME_KEYS, CALL_OUTCOME_NAMES, SEARCH_NAMES};
use crate::json::{Reader, Str, SyntaxError, Value};
use crate::model::outcome::{Identity, Patch};
use crate::model::phone::{CountryCode, Phone};
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem, Severity, Span};

/// The largest body of a report, in bytes.
pub const MAX_BODY: usize = 65_536;

const ROOT: [&str; 3] = ["search", "call_outcome", "oauth_token"];
/// The keys of a report in a list. `row` is the client's key for it.
const ROW: [&str; 3] = ["search", "call_outcome", "row"];

/// The settings that change validation.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The country code for phone numbers without one.
    pub country: CountryCode,
    /// Whether unknown and repeated keys refuse the request.
    pub strict: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            country: CountryCode::DEFAULT,
            strict: false,
        }
    }
}

/// The token in a body.
#[derive(Clone, PartialEq, Eq)]
pub enum SentToken<'a> {
    /// No token, null or a blank text. The token of the header counts.
    NotSent,
    /// A token.
    Text(Cow<'a, str>),
    /// A value that can't be a token.
    NoToken,
}

/// The search for the call of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search<'a> {
    /// The call with this id. `None` is a malformed id, which no call has.
    ById(Option<TransactionId>),
    /// The call that started closest.
    ByTime(TimeSearch<'a>),
}

/// A search by approximate start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSearch<'a> {
    /// The approximate start.
    pub start: UnixMillis,
    /// Only calls from this number.
    pub calling_phone: Option<Phone>,
    /// The approximate duration in seconds, which ranks calls and excludes none.
    pub duration: Option<u32>,
    /// Only calls of this advertiser.
    pub advertiser_id: Option<Cow<'a, str>>,
    /// Only calls of this campaign.
    pub campaign_id: Option<Cow<'a, str>>,
    /// Must be the token's network.
    pub network_id: Option<Cow<'a, str>>,
}

/// A valid report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// The call that the report is about.
    pub search: Search<'a>,
    /// The outcome of that call.
    pub identity: Identity<'a>,
    /// The fields that are reported.
    pub patch: Patch<'a>,
}

impl Report<'_> {
    /// Returns the same report of a call that is named by its id.
    #[must_use]
    pub fn with_call(&self, transaction_id: TransactionId) -> Self {
        Self {
            search: Search::ById(Some(transaction_id)),
            ..self.clone()
        }
    }
}

/// The body of a request with one report.
pub struct ReportRequest<'a> {
    /// The token in the body.
    pub token: SentToken<'a>,
    /// The report, or its problems: first those of the search, then those of the outcome, in the API's order.
    pub report: Result<Report<'a>, Vec<Problem>>,
    /// The warnings.
    pub warnings: Vec<Problem>,
}

/// Decodes a body.
///
/// # Errors
/// Returns an error if the body isn't UTF-8, with the text before the invalid bytes.
pub fn text(body: &[u8]) -> Result<&str, (SyntaxError, &str)> {
    std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or(&[]);
        let valid = std::str::from_utf8(valid).unwrap_or("");
        (SyntaxError::encoding(valid.len()), valid)
    })
}

/// Reads the body of a request with one report.
///
/// ```
/// use call_outcomes::input::report::{Rules, Search, read};
///
/// let body = r#"{"search": {"transaction_id": "A-1"}, "call_outcome": {"outcome_name": "Sale", "size": 1}}"#;
/// let request = read(body, Rules::default()).expect("a JSON object");
/// assert_eq!(request.warnings[0].pointer, "/call_outcome/size");
///
/// let report = request.report.expect("a valid report");
/// assert!(matches!(report.search, Search::ById(Some(id)) if id.as_str() == "A-1"));
/// assert_eq!(report.identity.name, "Sale");
/// ```
///
/// # Errors
/// Returns a `json.*` error if the body isn't a JSON object.
pub fn read(body: &str, rules: Rules) -> Result<ReportRequest<'_>, SyntaxError> {
    let mut reader = Reader::object(body)?;
    let sections = SentReport::read(&mut reader, &ROOT)?;
    reader.end()?;
    let mut diagnostics = Diagnostics::new(usize::MAX);
    let report = sections.report(&mut diagnostics, rules);
    let root = &sections.root;
    root.stray_keys(
        &ROOT,
        "",
        &mut diagnostics.strays_left,
        &mut diagnostics.warnings,
    );
    let (problems, warnings) = diagnostics.sort(rules.strict);
    Ok(ReportRequest {
        token: token(root.value(2)),
        report: unless_refused(report, problems),
        warnings,
    })
}

/// A report in a list.
pub struct ReportRow<'a> {
    /// The client's key for the row.
    pub key: Option<Cow<'a, str>>,
    /// The report, or its problems.
    pub report: Result<Report<'a>, Vec<Problem>>,
    /// The warnings, with pointers that begin at the row.
    pub warnings: Vec<Problem>,
}

/// Reads the next object as a report in a list, which has no token. `strays_left` is how many unknown and repeated keys
/// of the list may still be listed.
///
/// # Errors
/// Returns a `json.*` error if the text isn't JSON.
pub fn read_row<'a>(
    reader: &mut Reader<'a>,
    rules: Rules,
    strays_left: &mut usize,
) -> Result<ReportRow<'a>, SyntaxError> {
    Ok(SentReport::read(reader, &ROW)?.row(rules, strays_left))
}

/// Checks a report whose sections did not come as JSON, as one in a list without a key.
pub(crate) fn check_row<'a>(
    search: ObjectFields<'a>,
    call_outcome: ObjectFields<'a>,
    rules: Rules,
) -> ReportRow<'a> {
    let sections = SentReport {
        root: ObjectFields::of_texts(&ROW, std::iter::empty()),
        search: SentObject::Object(search),
        call_outcome: SentObject::Object(call_outcome),
    };
    let mut strays_left = usize::MAX;
    sections.row(rules, &mut strays_left)
}

/// Reads the next value as a search without a report, and adds its warnings.
///
/// # Errors
/// Returns a `json.*` error if the text isn't JSON.
pub(crate) fn read_search<'a>(
    reader: &mut Reader<'a>,
    rules: Rules,
    warnings: &mut Vec<Problem>,
) -> Result<Result<Search<'a>, Vec<Problem>>, SyntaxError> {
    let section = SentObject::read(reader, &SEARCH_NAMES)?;
    let mut diagnostics = Diagnostics::new(usize::MAX);
    let search = diagnostics.search(&section, "/search", rules);
    let (problems, mut found) = diagnostics.sort(rules.strict);
    warnings.append(&mut found);
    Ok(unless_refused(search, problems))
}

fn unless_refused<T>(read: Option<T>, problems: Vec<Problem>) -> Result<T, Vec<Problem>> {
    match read {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(problems),
    }
}

/// The fields and sections of a report, not checked yet.
struct SentReport<'a> {
    root: ObjectFields<'a>,
    search: SentObject<'a>,
    call_outcome: SentObject<'a>,
}

impl<'a> SentReport<'a> {
    /// Reads the next object. The first two names are those of the sections.
    fn read(reader: &mut Reader<'a>, names: &[&'static str; 3]) -> Result<Self, SyntaxError> {
        let mut search = SentObject::Absent;
        let mut call_outcome = SentObject::Absent;
        let root = ObjectFields::read(
            reader,
            names,
            Some(&mut |reader, index| {
                let start = reader.position();
                match index {
                    0 => search = SentObject::read(reader, &SEARCH_NAMES)?,
                    1 => call_outcome = SentObject::read(reader, &CALL_OUTCOME_KEYS)?,
                    _ => return Ok(None),
                }
                Ok(Some(Value::Object(Span {
                    start,
                    end: reader.position(),
                })))
            }),
        )?;
        Ok(Self {
            root,
            search,
            call_outcome,
        })
    }

    /// The report as one in a list.
    fn row(&self, rules: Rules, strays_left: &mut usize) -> ReportRow<'a> {
        let mut diagnostics = Diagnostics::new(*strays_left);
        let report = self.report(&mut diagnostics, rules);
        let root = &self.root;
        let [_, _, key] = root.fields(&ROW, "");
        let key = ok_or_record(
            &mut diagnostics.problems,
            key.text_within(MAX_NAME, Code::RowType, Code::RowTooLong),
        );
        root.stray_keys(
            &ROW,
            "",
            &mut diagnostics.strays_left,
            &mut diagnostics.warnings,
        );
        *strays_left = diagnostics.strays_left;
        let (problems, warnings) = diagnostics.sort(rules.strict);
        ReportRow {
            key,
            report: unless_refused(report, problems),
            warnings,
        }
    }

    /// Checks the report. Returns `None` if a problem was found.
    fn report(&self, diagnostics: &mut Diagnostics, rules: Rules) -> Option<Report<'a>> {
        let search = diagnostics.search(&self.search, "/search", rules);
        let outcome = diagnostics.call_outcome(&self.call_outcome, "/call_outcome");
        let (identity, patch) = outcome?;
        Some(Report {
            search: search?,
            identity,
            patch,
        })
    }
}

/// Reads the token of a body. It isn't trimmed, because tokens are compared as they are.
pub(crate) fn token(value: Option<Value<'_>>) -> SentToken<'_> {
    let text = match value {
        None | Some(Value::Null(_)) => return SentToken::NotSent,
        Some(Value::String(string)) => return text_token(string),
        Some(Value::Number(text, _)) => text,
        Some(Value::Bool(value, _)) => boolean_text(value),
        Some(Value::Array(_) | Value::Object(_)) => return SentToken::NoToken,
    };
    SentToken::Text(Cow::Borrowed(text))
}

fn text_token(string: Str<'_>) -> SentToken<'_> {
    match string.decode() {
        blank if blank.trim().is_empty() => SentToken::NotSent,
        text => SentToken::Text(text),
    }
}

/// The problems and warnings that were found so far.
struct Diagnostics {
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    /// How many unknown and repeated keys may still be listed.
    strays_left: usize,
}

impl Diagnostics {
    const fn new(strays_left: usize) -> Self {
        Self {
            problems: Vec::new(),
            warnings: Vec::new(),
            strays_left,
        }
    }

    /// Returns the problems and the warnings. In strict mode, warnings about keys are problems.
    fn sort(mut self, strict: bool) -> (Vec<Problem>, Vec<Problem>) {
        if strict {
            let (refused, warnings) = self.warnings.into_iter().partition(is_stray);
            self.warnings = warnings;
            self.problems.extend::<Vec<Problem>>(refused);
        }
        debug_assert!(
            self.warnings
                .iter()
                .all(|p| p.code.severity() == Severity::Warning)
        );
        (self.problems, self.warnings)
    }

    /// The search, or `None` if a problem was found.
    fn search<'a>(
        &mut self,
        section: &SentObject<'a>,
        parent: &str,
        rules: Rules,
    ) -> Option<Search<'a>> {
        let sent = match section {
            SentObject::Object(sent) => sent,
            SentObject::Absent => {
                self.refuse_section(Code::SearchMissing, "search", parent, None);
                return None;
            }
            SentObject::Wrong(span) => {
                self.refuse_section(Code::SearchType, "search", parent, Some(*span));
                return None;
            }
        };
        let [id, by_time @ ..] = sent.fields(&SEARCH_NAMES, parent);
        let search = if id.is_present() {
            self.search_by_id(&id, &by_time)
        } else {
            let search = self.search_by_time(&by_time, parent, rules);
            search.map(Search::ByTime)
        };
        sent.stray_keys(
            &SEARCH_NAMES,
            parent,
            &mut self.strays_left,
            &mut self.warnings,
        );
        search
    }

    /// A search by id, which ignores the other fields.
    fn search_by_id<'a>(
        &mut self,
        id: &Field<'a, '_>,
        others: &[Field<'a, '_>],
    ) -> Option<Search<'a>> {
        let ignored = others.iter().filter(|field| field.is_present());
        self.warnings
            .extend(ignored.map(|field| field.problem(Code::SearchIgnored)));
        let id = ok_or_record(&mut self.problems, id.text(Code::TransactionIdType))?;
        Some(Search::ById(TransactionId::parse(id.trim())))
    }

    fn search_by_time<'a>(
        &mut self,
        fields: &[Field<'a, '_>; 6],
        parent: &str,
        rules: Rules,
    ) -> Option<TimeSearch<'a>> {
        let [start, others @ ..] = fields;
        let [phone, duration, advertiser, campaign, network] = others;
        if !start.is_present() {
            self.refuse_section(Code::SearchMissing, "search", parent, None);
        }
        let problems = &mut self.problems;
        let start_time = ok_or_record(problems, start.time(Code::StartTimeFormat, is_blank));
        let calling_phone = ok_or_record(problems, phone.phone(rules.country, Code::PhoneFormat));
        let duration = ok_or_record(problems, duration.duration());
        let advertiser_id = ok_or_record(
            problems,
            advertiser.id(Code::AdvertiserType, Code::AdvertiserTooLong),
        );
        let campaign_id = ok_or_record(
            problems,
            campaign.id(Code::CampaignType, Code::CampaignTooLong),
        );
        let network_id = ok_or_record(
            problems,
            network.id(Code::NetworkType, Code::NetworkTooLong),
        );
        if start_time.is_some() && !others.iter().any(Field::is_present) {
            self.warnings.push(start.problem(Code::SearchTooBroad));
        }
        Some(TimeSearch {
            start: start_time?,
            calling_phone,
            duration,
            advertiser_id,
            campaign_id,
            network_id,
        })
    }

    /// The outcome, or `None` if a problem was found.
    fn call_outcome<'a>(
        &mut self,
        section: &SentObject<'a>,
        parent: &str,
    ) -> Option<(Identity<'a>, Patch<'a>)> {
        let sent = match section {
            SentObject::Object(sent) => sent,
            SentObject::Absent => {
                let name = Field::absent(CALL_OUTCOME_NAMES[0], parent);
                self.problems.push(name.problem(Code::OutcomeNameMissing));
                return None;
            }
            SentObject::Wrong(span) => {
                let code = Code::CallOutcomeType;
                self.refuse_section(code, "call_outcome", parent, Some(*span));
                return None;
            }
        };
        let outcome = self.outcome_fields(&sent.fields(&CALL_OUTCOME_KEYS, parent));
        sent.stray_keys(
            &CALL_OUTCOME_NAMES,
            parent,
            &mut self.strays_left,
            &mut self.warnings,
        );
        outcome
    }

    fn outcome_fields<'a>(
        &mut self,
        fields: &[Field<'a, '_>; CALL_OUTCOME_KEYS.len()],
    ) -> Option<(Identity<'a>, Patch<'a>)> {
        let [
            name,
            partner_unique_id,
            description,
            occurred_at,
            sale_amount,
            value,
            custom_parameter_1,
            custom_parameter_2,
            custom_parameter_3,
            misspelt_1,
            misspelt_2,
            misspelt_3,
        ] = fields;
        let problems = &mut self.problems;
        let name = ok_or_record(problems, outcome_name(name));
        let partner_unique_id = ok_or_record(
            problems,
            partner_unique_id.text_within(MAX_NAME, Code::PartnerIdType, Code::PartnerIdTooLong),
        );
        let description = ok_or_record(
            problems,
            clearable_text(
                description,
                MAX_DESCRIPTION,
                Code::DescriptionType,
                Code::DescriptionTooLong,
            ),
        );
        let occurred_at = ok_or_record(
            problems,
            occurred_at.time(Code::OccurredAtFormat, str::is_empty),
        );
        let amount = ok_or_record(problems, sale_amount.amount());
        let value = ok_or_record(problems, value.boolean());
        if amount.flatten().is_some_and(|amount| amount.get() == 0) {
            self.warnings
                .push(sale_amount.problem(Code::SaleAmountZero));
        }
        let custom_parameters = [
            (custom_parameter_1, misspelt_1),
            (custom_parameter_2, misspelt_2),
            (custom_parameter_3, misspelt_3),
        ]
        .map(|(field, misspelt)| self.custom_parameter(*field, misspelt));
        let identity = Identity {
            name: name?,
            partner_unique_id: partner_unique_id.unwrap_or_default(),
        };
        let patch = Patch {
            description,
            occurred_at: occurred_at.map(UnixMillis::seconds),
            sale_amount: amount,
            value,
            custom_parameters,
        };
        Some((identity, patch))
    }

    /// A custom parameter, which may be sent under a misspelt name.
    fn custom_parameter<'a, 'p>(
        &mut self,
        mut field: Field<'a, 'p>,
        misspelt: &Field<'a, 'p>,
    ) -> Option<Cow<'a, str>> {
        if let Some((key_span, _)) = misspelt.sent {
            let mut warning = misspelt.problem(Code::CustomParameterMisspelt);
            warning.span = Some(*key_span);
            warning.fix = Some(field.name.to_owned());
            self.warnings.push(warning);
            // The right spelling wins, even with null.
            if field.sent.is_none() {
                field.key = misspelt.key;
                field.sent = misspelt.sent;
            }
        }
        let text = clearable_text(
            &field,
            MAX_NAME,
            Code::CustomParameterType,
            Code::CustomParameterTooLong,
        );
        ok_or_record(&mut self.problems, text)
    }

    /// Records a problem of a whole section, such as `search`.
    fn refuse_section(&mut self, code: Code, name: &'static str, parent: &str, span: Option<Span>) {
        let mut problem = Problem::whole(code).with_name(name);
        parent.clone_into(&mut problem.pointer);
        problem.span = span;
        self.problems.push(problem);
    }
}

/// Returns whether strict mode refuses a request with this warning.
const fn is_stray(problem: &Problem) -> bool {
    matches!(
        problem.code,
        Code::KeyUnknown | Code::KeyRepeated | Code::ProblemsMore
    )
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Reads the name, which is required, and trims it.
fn outcome_name<'a>(field: &Field<'a, '_>) -> FieldResult<Cow<'a, str>> {
    let name = match field.non_blank_text(Code::OutcomeNameType)? {
        Some(Cow::Borrowed(name)) => Cow::Borrowed(name.trim()),
        Some(Cow::Owned(name)) => Cow::Owned(name.trim().to_owned()),
        None => return field.refuse(Code::OutcomeNameMissing),
    };
    // Bytes first: no text has more characters than bytes.
    if name.len() > MAX_NAME && name.chars().count() > MAX_NAME {
        let problem = field.problem(Code::OutcomeNameTooLong).with_max(MAX_NAME);
        return Err(Box::new(problem));
    }
    Ok(Some(name))
}

/// A text that null clears.
fn clearable_text<'a>(
    field: &Field<'a, '_>,
    max: usize,
    code: Code,
    too_long: Code,
) -> FieldResult<Cow<'a, str>> {
    match field.value() {
        Some(Value::Null(_)) => Ok(Some(Cow::Borrowed(""))),
        _ => field.text_within(max, code, too_long),
    }
}
