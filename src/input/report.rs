//! A report as it is sent: bytes in, a [`Report`] or every problem out (reference: "Request Parameters").
//!
//! Not here: look-ups, a clock, and anything that depends on who asks. The token is handed on, never judged.

use std::borrow::Cow;

use crate::input::fields::{
    Field, FieldResult, MAX_DESCRIPTION, MAX_NAME, ObjectFields, SentObject, ok_or_record,
};
use crate::json::{Reader, Str, SyntaxError, Value};
use crate::model::outcome::{Identity, Patch};
use crate::model::phone::{CountryCode, Phone};
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem, Severity, Span};

/// The largest body of a report, in bytes.
pub const MAX_BODY: usize = 65_536;

const ROOT: [&str; 3] = ["search", "call_outcome", "oauth_token"];
/// A report in a list; `row` is the client's own key for it.
const ROW: [&str; 3] = ["search", "call_outcome", "row"];
/// The parameters of a search.
pub const SEARCH: [&str; 7] = [
    "transaction_id",
    "start_time_t",
    "calling_phone_number",
    "duration_in_seconds",
    "advertiser_id_from_network",
    "advertiser_campaign_id_from_network",
    "network_id",
];
/// The parameters of an outcome.
pub const CALL_OUTCOME: [&str; 9] = [
    "outcome_name",
    "partner_unique_id",
    "description",
    "occurred_at_time_t",
    "sale_amount",
    "value",
    "custom_parameter_1",
    "custom_parameter_2",
    "custom_parameter_3",
];
/// The parameters of an outcome that null and `""` clear.
pub const CLEARABLE: [&str; 5] = [
    CALL_OUTCOME[2],
    CALL_OUTCOME[4],
    CALL_OUTCOME[6],
    CALL_OUTCOME[7],
    CALL_OUTCOME[8],
];
/// The known names, then the reference's misspellings.
pub const CALL_OUTCOME_KEYS: [&str; 12] = [
    CALL_OUTCOME[0],
    CALL_OUTCOME[1],
    CALL_OUTCOME[2],
    CALL_OUTCOME[3],
    CALL_OUTCOME[4],
    CALL_OUTCOME[5],
    CALL_OUTCOME[6],
    CALL_OUTCOME[7],
    CALL_OUTCOME[8],
    "custom_paramter_1",
    "custom_paramter_2",
    "custom_paramter_3",
];

/// What of the configuration changes validation.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The country code of phone numbers written without one.
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
    /// Left out, null or blank: a header counts.
    NotSent,
    /// A token.
    Text(Cow<'a, str>),
    /// Something that cannot be one.
    NoToken,
}

/// Which call a report is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search<'a> {
    /// The call with this id; `None` is a malformed id, which no call has.
    ById(Option<TransactionId>),
    /// The call that started closest.
    ByTime(TimeSearch<'a>),
}

/// A search by roughly when the call started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSearch<'a> {
    /// Roughly when the call started.
    pub start: UnixMillis,
    /// Who called: only calls from this number.
    pub calling_phone: Option<Phone>,
    /// Roughly how long the call was, in seconds. Ranks, never filters.
    pub duration: Option<u32>,
    /// Only calls of this advertiser.
    pub advertiser_id: Option<Cow<'a, str>>,
    /// Only calls of this campaign.
    pub campaign_id: Option<Cow<'a, str>>,
    /// Has to be the token's network.
    pub network_id: Option<Cow<'a, str>>,
}

/// A valid report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// Which call.
    pub search: Search<'a>,
    /// Which outcome of it.
    pub identity: Identity<'a>,
    /// What is reported of it.
    pub patch: Patch<'a>,
}

/// A body that is a JSON object, read.
pub struct ReportRequest<'a> {
    /// The token in the body.
    pub token: SentToken<'a>,
    /// The report, or everything that is wrong with it: the search first, in the order of the reference.
    pub report: Result<Report<'a>, Vec<Problem>>,
    /// What is probably not as it was meant.
    pub warnings: Vec<Problem>,
}

/// A body as text.
///
/// # Errors
/// Where it is not UTF-8, with the text before that place.
pub fn text(body: &[u8]) -> Result<&str, (SyntaxError, &str)> {
    std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or(&[]);
        let valid = std::str::from_utf8(valid).unwrap_or("");
        (SyntaxError::encoding(valid.len()), valid)
    })
}

/// Reads a body.
///
/// # Errors
/// `json.*` where the body is not a JSON object.
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
    /// The client's own key for it.
    pub key: Option<Cow<'a, str>>,
    /// The report, or everything that is wrong with it.
    pub report: Result<Report<'a>, Vec<Problem>>,
    /// What is probably not as it was meant. Pointers begin at the row.
    pub warnings: Vec<Problem>,
}

/// Reads the object that comes next as a report in a list. It has no token of its own. `strays_left` is how many
/// unknown and repeated keys of the list may still be named.
///
/// # Errors
/// `json.*` where it is not JSON.
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

/// Reads the value that comes next as a search alone: what is looked for, or its problems. Adds its warnings.
///
/// # Errors
/// `json.*` where it is not JSON.
pub(crate) fn read_search<'a>(
    reader: &mut Reader<'a>,
    rules: Rules,
    warnings: &mut Vec<Problem>,
) -> Result<Result<Search<'a>, Vec<Problem>>, SyntaxError> {
    let section = SentObject::read(reader, &SEARCH)?;
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

/// What an object sent that should be a report.
struct SentReport<'a> {
    root: ObjectFields<'a>,
    search: SentObject<'a>,
    call_outcome: SentObject<'a>,
}

impl<'a> SentReport<'a> {
    /// Reads the object that comes next; its first two names are those of the sections.
    fn read(reader: &mut Reader<'a>, names: &[&'static str; 3]) -> Result<Self, SyntaxError> {
        let mut search = SentObject::Absent;
        let mut call_outcome = SentObject::Absent;
        let root = ObjectFields::read(
            reader,
            names,
            Some(&mut |reader, place| {
                let start = reader.position();
                match place {
                    0 => search = SentObject::read(reader, &SEARCH)?,
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
        let key = Field {
            name: ROW[2],
            key: ROW[2],
            parent: "",
            value: root.value(2),
        };
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

    /// The report, or `None` where a problem was found.
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

/// What a body sent as its token. Not trimmed: a token is compared as it is.
pub(crate) fn token(value: Option<Value<'_>>) -> SentToken<'_> {
    let sent = Field {
        name: "oauth_token",
        key: "oauth_token",
        parent: "",
        value,
    };
    if let Some(Value::String(string)) = value {
        // A token may hold any character; the reader for texts refuses U+0000.
        return text_token(string);
    }
    match sent.text(Code::TokenMissing) {
        Ok(Some(text)) => SentToken::Text(text),
        Ok(None) => SentToken::NotSent,
        Err(_) => SentToken::NoToken,
    }
}

fn text_token(string: Str<'_>) -> SentToken<'_> {
    match string.decode() {
        blank if blank.trim().is_empty() => SentToken::NotSent,
        text => SentToken::Text(text),
    }
}

/// What was found so far.
struct Diagnostics {
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    /// How many unknown and repeated keys may still be named.
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

    /// Problems, with those warnings behind them that strict mode refuses; and the other warnings.
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

    /// The search, or `None` where a problem was found.
    fn search<'a>(
        &mut self,
        section: &SentObject<'a>,
        parent: &str,
        rules: Rules,
    ) -> Option<Search<'a>> {
        let sent = match section {
            SentObject::Object(sent) => sent,
            SentObject::Absent => {
                self.problems
                    .push(section_problem(Code::SearchMissing, "search", parent, None));
                return None;
            }
            SentObject::Wrong(span) => {
                self.problems.push(section_problem(
                    Code::SearchType,
                    "search",
                    parent,
                    Some(*span),
                ));
                return None;
            }
        };
        let field = |place: usize| {
            let name = SEARCH.get(place).copied().unwrap_or_default();
            Field {
                name,
                key: name,
                parent,
                value: sent.value(place),
            }
        };
        let is_present = |place: usize| field(place).is_present();
        let found = if is_present(0) {
            self.warnings.extend(
                (1..SEARCH.len())
                    .filter(|at| is_present(*at))
                    .map(|at| field(at).problem(Code::SearchIgnored)),
            );
            ok_or_record(&mut self.problems, field(0).text(Code::TransactionIdType))
                .map(|id| Search::ById(TransactionId::parse(id.trim())))
        } else {
            if !is_present(1) {
                self.problems
                    .push(section_problem(Code::SearchMissing, "search", parent, None));
            }
            let problems = &mut self.problems;
            let start = ok_or_record(problems, field(1).time(Code::StartTimeFormat, is_blank));
            let calling_phone =
                ok_or_record(problems, field(2).phone(rules.country, Code::PhoneFormat));
            let duration = ok_or_record(problems, field(3).duration());
            let advertiser_id = ok_or_record(
                problems,
                field(4).id(Code::AdvertiserType, Code::AdvertiserTooLong),
            );
            let campaign_id = ok_or_record(
                problems,
                field(5).id(Code::CampaignType, Code::CampaignTooLong),
            );
            let network_id = ok_or_record(
                problems,
                field(6).id(Code::NetworkType, Code::NetworkTooLong),
            );
            if start.is_some() && !(2..SEARCH.len()).any(is_present) {
                self.warnings.push(field(1).problem(Code::SearchTooBroad));
            }
            start.map(|start| {
                Search::ByTime(TimeSearch {
                    start,
                    calling_phone,
                    duration,
                    advertiser_id,
                    campaign_id,
                    network_id,
                })
            })
        };
        sent.stray_keys(&SEARCH, parent, &mut self.strays_left, &mut self.warnings);
        found
    }

    /// The outcome, or `None` where a problem was found.
    fn call_outcome<'a>(
        &mut self,
        section: &SentObject<'a>,
        parent: &str,
    ) -> Option<(Identity<'a>, Patch<'a>)> {
        let name = "call_outcome";
        let sent = match section {
            SentObject::Object(sent) => sent,
            SentObject::Absent => {
                let absent = Field {
                    name: CALL_OUTCOME[0],
                    key: CALL_OUTCOME[0],
                    parent,
                    value: None,
                };
                self.problems.push(absent.problem(Code::OutcomeNameMissing));
                return None;
            }
            SentObject::Wrong(span) => {
                self.problems.push(section_problem(
                    Code::CallOutcomeType,
                    name,
                    parent,
                    Some(*span),
                ));
                return None;
            }
        };
        let field = |place: usize| {
            let name = CALL_OUTCOME.get(place).copied().unwrap_or_default();
            Field {
                name,
                key: name,
                parent,
                value: sent.value(place),
            }
        };
        let problems = &mut self.problems;
        let name = ok_or_record(problems, outcome_name(&field(0)));
        let partner_unique_id = ok_or_record(
            problems,
            field(1).text_within(MAX_NAME, Code::PartnerIdType, Code::PartnerIdTooLong),
        );
        let description = ok_or_record(
            problems,
            cleared(
                &field(2),
                MAX_DESCRIPTION,
                Code::DescriptionType,
                Code::DescriptionTooLong,
            ),
        );
        let occurred_at = ok_or_record(
            problems,
            field(3).time(Code::OccurredAtFormat, str::is_empty),
        );
        let sale_amount = ok_or_record(problems, field(4).amount());
        let value = ok_or_record(problems, field(5).boolean());
        if sale_amount
            .flatten()
            .is_some_and(|amount| amount.get() == 0)
        {
            self.warnings.push(field(4).problem(Code::SaleAmountZero));
        }
        let custom_parameters = [6, 7, 8].map(|place| self.custom_parameter(sent, parent, place));
        sent.stray_keys(
            &CALL_OUTCOME,
            parent,
            &mut self.strays_left,
            &mut self.warnings,
        );
        let identity = Identity {
            name: name?,
            partner_unique_id: partner_unique_id.unwrap_or_default(),
        };
        let occurred_at = occurred_at.map(UnixMillis::seconds);
        Some((
            identity,
            Patch {
                description,
                occurred_at,
                sale_amount,
                value,
                custom_parameters,
            },
        ))
    }

    /// The custom parameter at `place`, or what was sent under the reference's misspelling of its name.
    fn custom_parameter<'a>(
        &mut self,
        sent: &ObjectFields<'a>,
        parent: &str,
        place: usize,
    ) -> Option<Cow<'a, str>> {
        let name = CALL_OUTCOME.get(place).copied().unwrap_or_default();
        let mut field = Field {
            name,
            key: name,
            parent,
            value: sent.value(place),
        };
        let misspelt = place.saturating_add(3);
        if let Some(value) = sent.value(misspelt) {
            let key = CALL_OUTCOME_KEYS.get(misspelt).copied().unwrap_or_default();
            let misspelling = Field {
                name: key,
                key,
                parent,
                value: Some(value),
            };
            let mut warning = misspelling.problem(Code::CustomParameterMisspelt);
            warning.span = sent.key(misspelt);
            warning.fix = Some(name.to_owned());
            self.warnings.push(warning);
            // The right spelling wins, even with null.
            if field.value.is_none() {
                field.key = key;
                field.value = Some(value);
            }
        }
        let text = cleared(
            &field,
            MAX_NAME,
            Code::CustomParameterType,
            Code::CustomParameterTooLong,
        );
        ok_or_record(&mut self.problems, text)
    }
}

/// Whether strict mode refuses what is a warning else.
const fn is_stray(problem: &Problem) -> bool {
    matches!(
        problem.code,
        Code::KeyUnknown | Code::KeyRepeated | Code::ProblemsMore
    )
}

/// A problem of a whole section, such as `search`.
fn section_problem(code: Code, name: &'static str, parent: &str, span: Option<Span>) -> Problem {
    let mut problem = Problem::whole(code).with_name(name);
    parent.clone_into(&mut problem.pointer);
    problem.span = span;
    problem
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// The name, trimmed; it has to be there.
fn outcome_name<'a>(field: &Field<'a, '_>) -> FieldResult<Cow<'a, str>> {
    let name = match field.non_blank_text(Code::OutcomeNameType)? {
        Some(Cow::Borrowed(name)) => Cow::Borrowed(name.trim()),
        Some(Cow::Owned(name)) => Cow::Owned(name.trim().to_owned()),
        None => return field.fault(Code::OutcomeNameMissing),
    };
    // Bytes first: no text has more characters than bytes.
    if name.len() > MAX_NAME && name.chars().count() > MAX_NAME {
        let problem = field.problem(Code::OutcomeNameTooLong).with_max(MAX_NAME);
        return Err(Box::new(problem));
    }
    Ok(Some(name))
}

/// A text where null clears it: `""`.
fn cleared<'a>(
    field: &Field<'a, '_>,
    max: usize,
    code: Code,
    too_long: Code,
) -> FieldResult<Cow<'a, str>> {
    match field.value {
        Some(Value::Null(_)) => Ok(Some(Cow::Borrowed(""))),
        _ => field.text_within(max, code, too_long),
    }
}
