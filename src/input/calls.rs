//! Reads an import: a list of calls, each a [`CallReport`] or its problems. [`crate::rules::import`] compares them with
//! what is stored.

use std::borrow::Cow;

use crate::input::fields::{Field, FieldResult, MAX_LIST_STRAYS, ObjectFields, ok_or_record};
use crate::input::parameters::CALL_NAMES;
use crate::input::report::{Rules, SentToken, token};
use crate::json::{Reader, SyntaxError, Value};
use crate::model::phone::Phone;
use crate::model::time::UnixMillis;
use crate::model::transaction_id::TransactionId;
use crate::problem::{Code, Problem, Span, pointer_to};

/// The largest body, in bytes.
pub const MAX_BODY: usize = 4_194_304;
/// The most rows in a request.
pub const MAX_ROWS: usize = 1_000;

const ROOT: [&str; 3] = ["calls", "call", "oauth_token"];

/// A valid call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallReport<'a> {
    /// The platform's id. A call has this, an external id, or both.
    pub transaction_id: Option<TransactionId>,
    /// The sender's id.
    pub external_id: Option<Cow<'a, str>>,
    /// When the call started.
    pub start: UnixMillis,
    /// The duration in seconds, if it is known.
    pub duration: Option<u32>,
    /// The caller's number.
    pub calling_phone: Option<Phone>,
    /// The number that was called.
    pub destination_phone: Option<Phone>,
    /// The advertiser, by the network's id.
    pub advertiser_id: Option<Cow<'a, str>>,
    /// The campaign, by the network's id.
    pub campaign_id: Option<Cow<'a, str>>,
}

/// A row of an import: a call, or its problems.
pub type CallRow<'a> = Result<CallReport<'a>, Vec<Problem>>;

/// An import.
pub struct ImportRequest<'a> {
    /// The token in the body.
    pub token: SentToken<'a>,
    /// The rows in their order, or the problems of the whole import.
    pub rows: Result<Vec<CallRow<'a>>, Vec<Problem>>,
    /// The warnings.
    pub warnings: Vec<Problem>,
}

/// The last value of `calls` or `call`, with its warnings.
type SentCalls<'a> = (Result<Vec<CallRow<'a>>, Problem>, Vec<Problem>);

/// Reads a body: `calls`, a list, or `call`, one object. Of a repeated key the last counts. In strict mode unknown and
/// repeated keys refuse their row, or the request.
///
/// # Errors
/// `json.*` where the body is not a JSON object.
pub fn read(body: &str, rules: Rules) -> Result<ImportRequest<'_>, SyntaxError> {
    let mut reader = Reader::object(body)?;
    let (mut list, mut single): (Option<SentCalls<'_>>, Option<SentCalls<'_>>) = (None, None);
    let root = ObjectFields::read(
        &mut reader,
        &ROOT,
        Some(&mut |reader, index| {
            let start = reader.position();
            let mut warnings = Vec::new();
            match index {
                0 => list = None,
                1 => single = None,
                _ => return Ok(None),
            }
            if index == 0 && reader.at_array() {
                let rows = read_list(reader, rules, &mut warnings)?;
                list = Some((rows, warnings));
            } else if index == 1 && reader.at_object() {
                let mut left = MAX_LIST_STRAYS;
                let row = read_call(reader, "/call", rules, &mut left, &mut warnings)?;
                single = Some((Ok(vec![row]), warnings));
            } else {
                return Ok(None);
            }
            let end = reader.position();
            Ok(Some(Value::Object(Span { start, end })))
        }),
    )?;
    reader.end()?;
    let mut strays = Vec::new();
    let mut left = usize::MAX;
    root.stray_keys(&ROOT, "", &mut left, &mut strays);
    let is_sent = |at: usize| !matches!(root.value(at), None | Some(Value::Null(_)));
    let (rows, mut warnings) = match list.or(single) {
        _ if is_sent(0) && is_sent(1) => {
            let mut problem = Problem::whole(Code::CallsAmbiguous).with_name(ROOT[1]);
            problem.pointer = pointer_to("", ROOT[1]);
            (Err(problem), Vec::new())
        }
        Some((Ok(rows), _)) if rows.is_empty() => {
            (Err(Problem::whole(Code::CallsMissing)), Vec::new())
        }
        Some(sending) => sending,
        None => (Err(no_calls(is_sent)), Vec::new()),
    };
    let mut rows = rows.map_err(|problem| vec![problem]);
    if rules.strict && !strays.is_empty() {
        let mut problems = rows.err().unwrap_or_default();
        problems.append(&mut strays);
        rows = Err(problems);
    }
    warnings.append(&mut strays);
    Ok(ImportRequest {
        token: token(root.value(2)),
        rows,
        warnings,
    })
}

/// The problem of an import without calls.
fn no_calls(is_sent: impl Fn(usize) -> bool) -> Problem {
    let wrong = (0..2).find(|at| is_sent(*at));
    let name = ROOT.get(wrong.unwrap_or(0)).copied().unwrap_or_default();
    let mut problem = Problem::whole(if wrong.is_some() {
        Code::CallsType
    } else {
        Code::CallsMissing
    });
    problem.pointer = pointer_to("", name);
    problem.with_name(name)
}

/// Finds the token of an import, in one pass that checks the JSON but not the rows.
///
/// # Errors
/// Returns a `json.*` error if the body isn't a JSON object.
pub fn find_token(body: &str) -> Result<SentToken<'_>, SyntaxError> {
    let mut reader = Reader::object(body)?;
    let root = ObjectFields::read(&mut reader, &ROOT, None)?;
    reader.end()?;
    Ok(token(root.value(2)))
}

/// Reads the rows of a list, at most [`MAX_ROWS`].
pub(crate) fn read_list<'a>(
    reader: &mut Reader<'a>,
    rules: Rules,
    warnings: &mut Vec<Problem>,
) -> Result<Result<Vec<CallRow<'a>>, Problem>, SyntaxError> {
    let mut rows = Vec::new();
    let mut too_many = false;
    let mut strays_left = MAX_LIST_STRAYS;
    reader.open_array()?;
    while reader.next_item()? {
        if rows.len() >= MAX_ROWS {
            too_many = true;
            reader.value()?;
            continue;
        }
        let parent = pointer_to("/calls", &rows.len().to_string());
        if reader.at_object() {
            let left = &mut strays_left;
            rows.push(read_call(reader, &parent, rules, left, warnings)?);
        } else {
            let mut problem = Problem::whole(Code::CallsType).with_name("call");
            problem.span = Some(reader.value()?.span());
            problem.pointer = parent;
            rows.push(Err(vec![problem]));
        }
    }
    Ok(if too_many {
        Err(Problem::whole(Code::CallsTooMany).with_max(MAX_ROWS))
    } else {
        Ok(rows)
    })
}

/// Reads the next object as a call. `parent` is its pointer, and `strays_left` is how many stray keys may still be
/// listed.
pub(crate) fn read_call<'a>(
    reader: &mut Reader<'a>,
    parent: &str,
    rules: Rules,
    strays_left: &mut usize,
    warnings: &mut Vec<Problem>,
) -> Result<CallRow<'a>, SyntaxError> {
    let sent = ObjectFields::read(reader, &CALL_NAMES, None)?;
    Ok(check_call(&sent, parent, rules, strays_left, warnings))
}

/// Checks the fields of a call.
pub(crate) fn check_call<'a>(
    sent: &ObjectFields<'a>,
    parent: &str,
    rules: Rules,
    strays_left: &mut usize,
    warnings: &mut Vec<Problem>,
) -> CallRow<'a> {
    let [
        transaction_id,
        external_id,
        start,
        duration,
        calling_phone,
        destination_phone,
        advertiser_id,
        campaign_id,
    ] = sent.fields(&CALL_NAMES, parent);
    let mut problems = Vec::new();
    let is_identified = transaction_id.is_present() || external_id.is_present();
    let transaction_id = ok_or_record(&mut problems, call_id(&transaction_id));
    let external_id = ok_or_record(
        &mut problems,
        external_id.id(Code::ExternalIdType, Code::ExternalIdTooLong),
    );
    if !is_identified {
        let mut problem = Problem::whole(Code::CallIdMissing);
        parent.clone_into(&mut problem.pointer);
        problems.push(problem);
    }
    let start_time = ok_or_record(
        &mut problems,
        start.time(Code::StartTimeFormat, |text| text.trim().is_empty()),
    );
    if !start.is_present() {
        problems.push(start.problem(Code::StartTimeMissing));
    }
    let duration = ok_or_record(&mut problems, duration.duration());
    let calling_phone = ok_or_record(
        &mut problems,
        calling_phone.phone(rules.country, Code::PhoneFormat),
    );
    let destination_phone = ok_or_record(
        &mut problems,
        destination_phone.phone(rules.country, Code::DestinationPhoneFormat),
    );
    let advertiser_id = ok_or_record(
        &mut problems,
        advertiser_id.id(Code::AdvertiserType, Code::AdvertiserTooLong),
    );
    let campaign_id = ok_or_record(
        &mut problems,
        campaign_id.id(Code::CampaignType, Code::CampaignTooLong),
    );
    let strays = if rules.strict {
        &mut problems
    } else {
        warnings
    };
    sent.stray_keys(&CALL_NAMES, parent, strays_left, strays);
    match start_time {
        Some(start) if problems.is_empty() => Ok(CallReport {
            transaction_id,
            external_id,
            start,
            duration,
            calling_phone,
            destination_phone,
            advertiser_id,
            campaign_id,
        }),
        _ => Err(problems),
    }
}

/// Reads the platform's id of a call. Unlike in a search, a malformed id is a problem, because it can't be stored.
fn call_id(field: &Field<'_, '_>) -> FieldResult<TransactionId> {
    let Some(text) = field.non_blank_text(Code::TransactionIdType)? else {
        return Ok(None);
    };
    match TransactionId::parse(text.trim()) {
        Some(id) => Ok(Some(id)),
        None => field.refuse(Code::TransactionIdFormat),
    }
}
