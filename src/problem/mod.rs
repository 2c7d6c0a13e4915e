//! The registry of problem codes, and the [`Problem`]s of a request.
//!
//! Error answers, the documentation and the types of the npm package are made from this table. A released code never
//! changes its meaning; texts may improve. Texts don't contain what the client sent, except for unknown keys.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A range of bytes in the text that was read; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// The class of an error answer, which determines its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API")]
pub enum Class {
    InvalidApiVersion,
    ParseError,
    NotAuthorized,
    RecordInvalid,
    UnauthorizedOperation,
    UnauthorizedAdvertiser,
    UnauthorizedNetwork,
    RecordNotFound,
    RouteNotFound,
    MethodNotAllowed,
    PayloadTooLarge,
    TooManyRequests,
    ServiceUnavailable,
    InternalServiceError,
}

impl Class {
    /// Every class.
    pub const ALL: &'static [Self] = &[
        Self::InvalidApiVersion,
        Self::ParseError,
        Self::NotAuthorized,
        Self::RecordInvalid,
        Self::UnauthorizedOperation,
        Self::UnauthorizedAdvertiser,
        Self::UnauthorizedNetwork,
        Self::RecordNotFound,
        Self::RouteNotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::TooManyRequests,
        Self::ServiceUnavailable,
        Self::InternalServiceError,
    ];

    /// Returns the name of the class, as error answers have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidApiVersion => "InvalidApiVersion",
            Self::ParseError => "ParseError",
            Self::NotAuthorized => "NotAuthorized",
            Self::RecordInvalid => "RecordInvalid",
            Self::UnauthorizedOperation => "UnauthorizedOperation",
            Self::UnauthorizedAdvertiser => "UnauthorizedAdvertiser",
            Self::UnauthorizedNetwork => "UnauthorizedNetwork",
            Self::RecordNotFound => "RecordNotFound",
            Self::RouteNotFound => "RouteNotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::PayloadTooLarge => "PayloadTooLarge",
            Self::TooManyRequests => "TooManyRequests",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::InternalServiceError => "InternalServiceError",
        }
    }

    /// The HTTP status that goes with the class.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidApiVersion | Self::ParseError => 400,
            Self::NotAuthorized => 401,
            Self::RecordInvalid
            | Self::UnauthorizedOperation
            | Self::UnauthorizedAdvertiser
            | Self::UnauthorizedNetwork => 403,
            Self::RecordNotFound | Self::RouteNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::PayloadTooLarge => 413,
            Self::TooManyRequests => 429,
            Self::InternalServiceError => 500,
            Self::ServiceUnavailable => 503,
        }
    }
}

/// The severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The request is refused.
    Error,
    /// The request is carried out, but something in it is probably a mistake.
    Warning,
}

macro_rules! registry {
    ($($severity:ident $class:ident $variant:ident $code:literal $title:literal $message:literal $advice:literal;)*) => {
        /// Every rule's code. The table below is the whole registry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// All codes, in the registry's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as clients see it. Stable.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Returns the severity. In strict mode, the `key.*` warnings refuse a request too.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The class of an answer whose first problem this is.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// A short title for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The message, with `{name}` and `{max}` where a problem puts the parameter's name and a limit.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }

            /// Returns the advice: what to do about the problem.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

registry! {
    // The request as a whole.
    Error RouteNotFound RouteNotFound "route.not_found" "Unknown path" "no such route" "Check the path against the list of routes at `/docs`.";
    Error MethodNotAllowed MethodNotAllowed "method.not_allowed" "Method not allowed" "this route takes {name}" "Use one of the methods in the `Allow` header.";
    Error InvalidApiVersion VersionInvalid "version.invalid" "The API version is not a date" "the API version must be a calendar date such as 2015-08-17" "Write the version as YYYY-MM-DD, such as 2015-08-17.";
    Error PayloadTooLarge BodyTooLarge "body.too_large" "The body is too large" "the body is larger than {max} bytes" "Send fewer rows per request, or shorter texts.";
    Error ParseError BodyIncomplete "body.incomplete" "The body is incomplete" "the body cannot be read to its end" "Check that the client sends as many bytes as `Content-Length` announces, or well-formed chunks.";
    Error ParseError JsonEncoding "json.encoding" "The body is not UTF-8" "the body is not valid UTF-8" "Encode the body as UTF-8.";
    Error ParseError JsonSyntax "json.syntax" "The body is not JSON" "the body is not valid JSON" "Check for missing quotes or commas, single quotes, trailing commas and a byte order mark.";
    Error ParseError JsonSurrogate "json.surrogate" "Unpaired surrogate" "a \\u escape is half of a surrogate pair" "Write a character outside the Basic Multilingual Plane as UTF-8, or as a pair of `\\u` escapes.";
    Error ParseError JsonTooDeep "json.too_deep" "Nested too deeply" "nested deeper than {max} levels" "Check the structure: a report needs two levels.";
    Error ParseError JsonNotAnObject "json.not_an_object" "The body is not an object" "the body is not a JSON object" "Send an object with `search`, `call_outcome` and `oauth_token`.";
    Error TooManyRequests RateLimited "rate.limited" "Too many requests" "too many requests" "Wait as many seconds as `Retry-After` says, then try again.";
    Error ServiceUnavailable ServiceUnavailable "service.unavailable" "Database unavailable" "the database is overloaded or out of reach, please try again" "Send the same request again. It is safe to retry: nothing is stored twice.";
    Error InternalServiceError Internal "internal" "Unexpected error" "refer to error handle {name}" "Send the same request again. If it fails again, report the error handle.";

    Error ServiceUnavailable SchemaOutdated "schema.outdated" "The database lacks a migration" "the database lacks {name}" "Apply the migrations with `npm run deploy` or `npx wrangler d1 migrations apply DB --remote`.";
    Error ServiceUnavailable ConfigurationInvalid "configuration.invalid" "Invalid variable" "the variable {name} cannot be read, its default is in force" "Correct the variable in `wrangler.toml` or `.dev.vars`, then deploy again. `docs/deploy.md` describes each variable.";
    Error RecordInvalid QueryUnsupported "query.unsupported" "Unsupported switch" "{name} is not supported here" "Remove the switch, or check its spelling. The request was refused because ignoring the switch could store something by mistake.";

    // Authorization.
    Error NotAuthorized TokenMissing "token.missing" "No token" "Invalid or missing oauth token" "Send the token in the header `Authorization: Bearer <token>`, or in the body as `oauth_token`.";
    Error NotAuthorized TokenInvalid "token.invalid" "Unknown or revoked token" "Invalid or missing oauth token" "Check the token. It may have been revoked.";
    Error UnauthorizedOperation PermissionMissing "permission.missing" "The token lacks the permission" "You do not have permissions to perform the requested operation." "Use a token with the permission that the route requires.";
    Error UnauthorizedAdvertiser AdvertiserForbidden "advertiser_id_from_network.forbidden" "No access to the advertiser" "You do not have access to this advertiser" "Leave it out, unless the token is a network's. A network's token can name any advertiser of that network.";
    Error UnauthorizedAdvertiser CampaignForbidden "advertiser_campaign_id_from_network.forbidden" "No access to the campaign" "You do not have access to this advertiser" "Name a campaign that the token can access.";
    Error UnauthorizedNetwork NetworkForbidden "network_id.forbidden" "No access to the network" "You do not have access to this network" "Leave it out, or name the token's own network.";

    // Finding the call.
    Error RecordNotFound CallNotFound "call.not_found" "No call found" "No call found. Please refer to the documentation." "Check the transaction id, or search by start time.";
    Error RecordNotFound CallNone "call.not_found.none" "No calls to search" "No call found. Please refer to the documentation." "Import calls, or check that the token belongs to the right network or advertiser.";
    Error RecordNotFound CallNoSuchNumber "call.not_found.no_such_number" "No call from this number" "No call found. Please refer to the documentation." "Check the number and its country code. The caller may have withheld the number.";
    Error RecordNotFound CallFilteredOut "call.not_found.filtered_out" "No call of this advertiser or campaign" "No call found. Please refer to the documentation." "Leave out the advertiser or the campaign, or check that the campaign belongs to the advertiser.";
    Error RecordNotFound CallOutsideWindow "call.not_found.outside_window" "No call near this time" "No call found. Please refer to the documentation." "Check the start time, and that it is in UTC.";
    Error RecordNotFound CallAmbiguous "call.ambiguous" "The match is not sure enough" "No call found. Please refer to the documentation." "Add the caller's phone number or the duration, or send the transaction id.";

    // `search`.
    Error RecordInvalid SearchMissing "search.missing" "The report does not say which call it is about" "transaction_id or start_time_t must be present" "Send `search.transaction_id`, or `search.start_time_t` with the caller's phone number or the duration.";
    Error RecordInvalid SearchType "search.type" "`search` is not an object" "{name} is invalid" "Send an object.";
    Error RecordInvalid TransactionIdType "transaction_id.type" "Invalid transaction id" "{name} is invalid" "Send the id as a string.";
    Error RecordInvalid StartTimeFormat "start_time_t.format" "Not a Unix time" "{name} is invalid" "Send 10 digits (seconds) or 13 digits (milliseconds) since 1970, in UTC.";
    Error RecordInvalid StartTimeMissing "start_time_t.missing" "No start time" "{name} must be present" "Send 10 digits (seconds) or 13 digits (milliseconds) since 1970, in UTC.";
    Error RecordInvalid PhoneFormat "calling_phone_number.format" "Not a phone number" "{name} is invalid" "Use E.164: `+`, the country code and the number, such as +18885551212.";
    Error RecordInvalid PhoneDamaged "calling_phone_number.damaged" "Phone number damaged by a spreadsheet" "{name} was damaged by a spreadsheet" "Its last digits are lost. Export the number again, with the column formatted as text.";
    Error RecordInvalid DurationFormat "duration_in_seconds.format" "Not a duration" "{name} is invalid" "Send a whole number of seconds, with at most 9 digits.";
    Error RecordInvalid AdvertiserType "advertiser_id_from_network.type" "Invalid id" "{name} is invalid" "Send a string or a number, without U+0000.";
    Error RecordInvalid AdvertiserTooLong "advertiser_id_from_network.too_long" "The id is too long" "{name} is too long (maximum is {max} characters)" "Check that you send the id, not a name.";
    Error RecordInvalid CampaignType "advertiser_campaign_id_from_network.type" "Invalid id" "{name} is invalid" "Send a string or a number, without U+0000.";
    Error RecordInvalid CampaignTooLong "advertiser_campaign_id_from_network.too_long" "The id is too long" "{name} is too long (maximum is {max} characters)" "Check that you send the id, not a name.";
    Error RecordInvalid NetworkType "network_id.type" "Invalid id" "{name} is invalid" "Send a string or a number, without U+0000.";
    Error RecordInvalid NetworkTooLong "network_id.too_long" "The id is too long" "{name} is too long (maximum is {max} characters)" "Check that you send the id, not a name.";

    // `call_outcome`.
    Error RecordInvalid CallOutcomeType "call_outcome.type" "`call_outcome` is not an object" "{name} is invalid" "Send an object.";
    Error RecordInvalid OutcomeNameMissing "outcome_name.missing" "No outcome name" "{name} must be present" "Name the outcome, for example Sale.";
    Error RecordInvalid OutcomeNameType "outcome_name.type" "Not a text" "{name} is invalid" "Send a string without U+0000.";
    Error RecordInvalid OutcomeNameTooLong "outcome_name.too_long" "The outcome name is too long" "{name} is too long (maximum is {max} characters)" "Use a short name, and put the rest into `description`.";
    Error RecordInvalid PartnerIdType "partner_unique_id.type" "Not a text" "{name} is invalid" "Send a string or a number, without U+0000.";
    Error RecordInvalid PartnerIdTooLong "partner_unique_id.too_long" "The id is too long" "{name} is too long (maximum is {max} characters)" "Shorten the id. It only has to be unique for the call and the outcome name, so 1, 2, … are enough.";
    Error RecordInvalid DescriptionType "description.type" "Not a text" "{name} is invalid" "Send a string without U+0000.";
    Error RecordInvalid DescriptionTooLong "description.too_long" "The description is too long" "{name} is too long (maximum is {max} characters)" "Shorten the text.";
    Error RecordInvalid OccurredAtFormat "occurred_at_time_t.format" "Not a Unix time" "{name} is invalid" "Send 10 digits (seconds) or 13 digits (milliseconds) since 1970, in UTC.";
    Error RecordInvalid SaleAmountSeparator "sale_amount.separator" "Separator in the amount" "{name} is invalid" "Leave out thousands separators, and use a period as the decimal point.";
    Error RecordInvalid SaleAmountCurrency "sale_amount.currency" "Currency in the amount" "{name} is invalid" "Leave out the currency. Amounts are in the currency of the organization.";
    Error RecordInvalid SaleAmountPrecision "sale_amount.precision" "More than two decimals" "{name} is invalid" "Round the amount to two decimals.";
    Error RecordInvalid SaleAmountExponent "sale_amount.exponent" "Exponent in the amount" "{name} is invalid" "Write the amount in full, such as 1000.";
    Error RecordInvalid SaleAmountNegative "sale_amount.negative" "Negative amount" "{name} is invalid" "Report a refund as an outcome of its own.";
    Error RecordInvalid SaleAmountTooLarge "sale_amount.too_large" "More than 12 digits before the decimal point" "{name} is invalid" "Check the amount.";
    Error RecordInvalid SaleAmountFormat "sale_amount.format" "Not an amount" "{name} is invalid" "Send digits, optionally followed by a period and one or two decimals, such as 100.00.";
    Error RecordInvalid ValueFormat "value.format" "Not true or false" "{name} is invalid" "Send true or false, 1 or 0, yes or no.";
    Error RecordInvalid CustomParameterType "custom_parameter.type" "Not a text" "{name} is invalid" "Send a string without U+0000.";
    Error RecordInvalid CustomParameterTooLong "custom_parameter.too_long" "The custom parameter is too long" "{name} is too long (maximum is {max} characters)" "Shorten the text.";

    // Calls (ingestion).
    Error RecordInvalid CallsMissing "calls.missing" "No calls" "calls must be present" "Send a list as `calls`, or one object as `call`.";
    Error PayloadTooLarge CallsTooMany "calls.too_many" "Too many calls in one request" "calls is too long (maximum is {max} rows)" "Split the calls into several requests.";
    Error RecordInvalid CallsAmbiguous "calls.ambiguous" "Both a list of calls and a single call" "calls and call must not be sent together" "Send either `calls` or `call`.";
    Error RecordInvalid CallsType "calls.type" "Not a call" "{name} is invalid" "Send a list of objects as `calls`, or one object as `call`.";
    Error RecordInvalid CallIdMissing "call.id_missing" "The call has no id" "transaction_id or external_call_unique_id must be present" "Send the platform's id of the call, your own, or both.";
    Error RecordInvalid TransactionIdFormat "transaction_id.format" "Invalid transaction id" "{name} is invalid" "Use at most 32 letters, digits and hyphens.";
    Error RecordInvalid ExternalIdType "external_call_unique_id.type" "Invalid id" "{name} is invalid" "Send a string or a number, without U+0000.";
    Error RecordInvalid ExternalIdTooLong "external_call_unique_id.too_long" "The id is too long" "{name} is too long (maximum is {max} characters)" "Shorten the id.";
    Error RecordInvalid DestinationPhoneFormat "destination_phone_number.format" "Not a phone number" "{name} is invalid" "Use E.164: `+`, the country code and the number, such as +18885551212.";
    Error RecordInvalid CallConflict "call.conflict" "The call differs from the stored one" "{name} differs from the call that is stored" "Check the ids and the values. A stored value can't be changed; an import only fills in missing ones.";
    Error RecordInvalid CampaignConflict "campaign.conflict" "The campaign belongs to another advertiser" "advertiser_campaign_id_from_network belongs to another advertiser" "Check both ids.";

    // Batches.
    Error RecordInvalid CallOutcomesMissing "call_outcomes.missing" "No reports" "call_outcomes must be present" "Send a list as `call_outcomes`, or NDJSON with one report per line.";
    Error RecordInvalid CallOutcomesType "call_outcomes.type" "Not a list" "{name} is invalid" "Send a list of objects with `search` and `call_outcome`.";
    Error PayloadTooLarge CallOutcomesTooMany "call_outcomes.too_many" "Too many reports in one request" "call_outcomes is too long (maximum is {max} rows)" "Split the reports into several requests.";
    Error PayloadTooLarge RowTooLarge "row.too_large" "The row is too large" "a row is larger than {max} bytes" "Shorten the texts. In a CSV file, check for an unclosed quote: it merges the following rows into one.";
    Error RecordInvalid RowType "row.type" "Not a text" "{name} is invalid" "Send a string or a number, without U+0000.";
    Error RecordInvalid RowTooLong "row.too_long" "The row's key is too long" "{name} is too long (maximum is {max} characters)" "Shorten the key.";

    // Files of reports, which the page for CSV files sends as batches.
    Error RecordInvalid RowCells "row.cells" "More or fewer cells than the header" "the row has more or fewer cells than the header" "Put double quotes around a cell that contains the delimiter, a quote or a line break.";
    Error RecordInvalid RowQuoteOpen "row.quote_open" "A quote that is never closed" "a quote opened at line {name} is never closed; lines {name} to {max} were not loaded" "Close or remove the quote, and load these lines again.";
    Error RecordInvalid RowQuoteMisplaced "row.quote_misplaced" "Rows merged by a quote" "a quote opened at line {name} is closed within a cell of line {max}; lines {name} to {max} were not loaded" "Close or remove the quote, and load these lines again. Write a quote within quotes twice.";
    Error RecordInvalid RowEncoding "row.encoding" "Text that can't be decoded" "the row has bytes that are invalid in the file's encoding, or U+FFFD" "Choose the file's encoding, or save the file as UTF-8. Where the file contains U+FFFD, another program lost a character: enter it again.";
    Error RecordInvalid CellTime "cell.time" "Not a time in the column's format" "{name} does not match the time format of its column" "Choose the column's format, or correct the cell.";
    Error RecordInvalid CellTimeSkipped "cell.time_skipped" "A local time that daylight saving skips" "{name} is a local time that daylight saving skips" "Choose the column's time zone, or add the UTC offset to the time, such as 02:30 +01:00.";
    Error RecordInvalid CellTimeRepeated "cell.time_repeated" "A local time that daylight saving repeats" "{name} is a local time that daylight saving repeats" "Add the UTC offset to the time, such as 02:30 +01:00.";
    Error RecordInvalid CellTimeZone "cell.time_zone" "A local time without a time zone" "{name} has no UTC offset, and its column has no time zone" "Choose the column's time zone, or add the UTC offset to the time, such as 07:00 +01:00.";
    Error RecordInvalid CellTimeMissing "cell.time_missing" "A date without a time" "{name} is a date without a time" "Add the time of day to the date. A call at midnight would be a different call.";
    Error RecordInvalid CellNumber "cell.number" "An id that became a number" "{name} was turned into a number by a spreadsheet" "Its last digits may be lost. Export the id again, with the column formatted as text.";
    Error RecordInvalid CellPlaceholder "cell.placeholder" "A placeholder instead of a value" "{name} is a placeholder for a missing value, such as NULL or #N/A" "Leave the cell empty if there is no value.";
    Error RecordInvalid CellUnseen "cell.unseen" "An id with invisible characters" "{name} has a line break or an invisible character" "Remove it. Two ids that look the same would be different calls.";
    Error RecordInvalid CellAmount "cell.amount" "Not an amount in the column's format" "{name} does not match the decimal mark of its column" "Choose the column's decimal mark, or correct the cell.";

    // Reading.
    Error RecordInvalid TransactionIdMissing "transaction_id.missing" "No transaction id" "{name} must be present" "Send the id of a call or an outcome in the query.";
    Error RecordNotFound TransactionNotFound "transaction.not_found" "Unknown transaction id" "No call found. Please refer to the documentation." "Check the id. It must be the id of a call, or of a record of an outcome, that the token can access.";
    Error RecordInvalid FromFormat "from.format" "Not a Unix time" "{name} is invalid" "Send 10 digits (seconds) or 13 digits (milliseconds) since 1970, in UTC.";
    Error RecordInvalid ToFormat "to.format" "Not a Unix time" "{name} is invalid" "Send 10 digits (seconds) or 13 digits (milliseconds) since 1970, in UTC.";
    Error RecordInvalid MinConfidenceFormat "min_confidence.format" "Invalid threshold" "{name} is invalid" "Send a decimal from 0 to 1 with at most three decimals, such as 0.95.";
    Error RecordInvalid LimitFormat "limit.format" "Invalid page size" "{name} must be a whole number from 1 to {max}" "Request fewer records, and continue with the id in `next`.";

    // Warnings.
    Warning RecordInvalid SearchTooBroad "search.too_broad" "The search has only a start time" "start_time_t alone may match the wrong call" "Add `calling_phone_number` or `duration_in_seconds`.";
    Warning RecordInvalid SearchIgnored "search.ignored" "Ignored next to a transaction id" "{name} is ignored when transaction_id is sent" "Leave it out. A search by transaction id uses no other parameter.";
    Warning RecordInvalid SaleAmountZero "sale_amount.zero" "The amount is zero" "{name} is zero" "Leave the amount out if there was no sale.";
    Warning RecordInvalid CustomParameterMisspelt "custom_parameter.misspelt" "Misspelt custom parameter" "{name} is misspelt" "Write `custom_parameter_` and the number. The misspelling `custom_paramter_` is accepted too, because Invoca's documentation has it.";
    Warning RecordInvalid KeyUnknown "key.unknown" "Unknown parameter" "{name} is not a known parameter" "Check the spelling. Unknown parameters are ignored.";
    Warning RecordInvalid KeyRepeated "key.repeated" "Repeated key" "{name} is repeated" "Send each key once. Only the last one counts.";
    Warning RecordInvalid ProblemsMore "problems.more" "More problems than are listed" "not listed here: {max} more" "Correct the listed ones, then send the request again.";
    Warning RecordInvalid QueryUnknown "query.unknown" "Unknown query parameter" "{name} is not a known parameter of the query" "Check the spelling. Unknown query parameters are ignored.";
    Warning RecordInvalid DirectoryNew "directory.new" "New advertiser or campaign" "{name} is new and is added to the directory" "Check for a typo: this id was not in the directory before.";
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Code")
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let codes: Vec<&str> = Self::ALL.iter().map(|code| code.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": codes })
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing that is wrong, or probably wrong, with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The rule.
    pub code: Code,
    /// The name in the message: a parameter, or a key as it was sent.
    pub name: Cow<'static, str>,
    /// The position: an RFC 6901 pointer into the body, `?name` for a parameter of the query, or empty for the whole
    /// request.
    pub pointer: String,
    /// The position in the text of the value, or of the key if the key is the problem.
    pub span: Option<Span>,
    /// The limit that the message needs.
    pub max: Option<usize>,
    /// The correct value or key, if there is only one correction.
    pub fix: Option<String>,
}

impl Problem {
    /// A problem of the request as a whole.
    #[must_use]
    pub fn whole(code: Code) -> Self {
        Self {
            code,
            name: Cow::Borrowed(""),
            pointer: String::new(),
            span: None,
            max: None,
            fix: None,
        }
    }

    /// A problem that represents `count` others that aren't listed.
    #[must_use]
    pub fn more(count: usize) -> Self {
        Self::whole(Code::ProblemsMore).with_max(count)
    }

    /// Returns how many problems this one represents.
    #[must_use]
    pub fn count(&self) -> usize {
        match (self.code, self.max) {
            (Code::ProblemsMore, Some(count)) => count,
            _ => 1,
        }
    }

    /// Sets the limit that the message names.
    #[must_use]
    pub fn with_max(mut self, max: usize) -> Self {
        self.max = Some(max);
        self
    }

    /// Sets the name in the message.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Returns the message for people: that of the code, with the name and limit filled in.
    #[must_use]
    pub fn message(&self) -> String {
        let mut out = String::new();
        let mut rest = self.code.message();
        while let Some((before, place)) = rest.split_once('{') {
            let (place, after) = place.split_once('}').unwrap_or_default();
            out.push_str(before);
            match self.max {
                Some(max) if place == "max" => out.push_str(&max.to_string()),
                _ => out.push_str(&self.name),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Problem {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "One thing that is wrong, or probably wrong, with a request.",
            "type": "object",
            "properties": {
                "code": generator.subschema_for::<Code>(),
                "pointer": { "type": "string", "description": "Where: an RFC 6901 pointer into the body, or `?name` for a parameter of the query." },
                "detail": { "type": "string" },
                "fix": { "type": "string", "description": "What to write instead, where that is certain." }
            },
            "required": ["code", "pointer", "detail"]
        })
    }
}

impl Serialize for Problem {
    /// Writes `code`, `pointer`, `detail`, and `fix` if there is one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = if self.fix.is_some() { 4 } else { 3 };
        let mut entry = serializer.serialize_struct("Problem", members)?;
        entry.serialize_field("code", &self.code)?;
        entry.serialize_field("pointer", &self.pointer)?;
        entry.serialize_field("detail", &self.message())?;
        if let Some(fix) = &self.fix {
            entry.serialize_field("fix", fix)?;
        }
        entry.end()
    }
}

/// The problems of a whole list of rows. The first ones are kept; the others are counted.
#[derive(Debug, Default)]
pub struct LimitedProblems {
    kept: Vec<Problem>,
    more: usize,
}

impl LimitedProblems {
    /// How many problems are kept.
    const MOST: usize = 100;

    /// Adds problems as `change` makes them, if they are kept.
    pub fn extend(&mut self, problems: &[Problem], change: impl Fn(&Problem) -> Problem) {
        for problem in problems {
            if self.kept.len() < Self::MOST && problem.code != Code::ProblemsMore {
                self.kept.push(change(problem));
            } else {
                self.more = self.more.saturating_add(problem.count());
            }
        }
    }

    /// Returns the problems that are kept, and one that represents the others.
    #[must_use]
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.kept;
        if self.more > 0 {
            problems.push(Problem::more(self.more));
        }
        problems
    }
}

/// Appends a key or index to an RFC 6901 pointer.
#[must_use]
pub fn pointer_to(parent: &str, key: &str) -> String {
    let mut pointer = format!("{parent}/");
    for c in key.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
    pointer
}
