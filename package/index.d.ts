import type { Code, ErrorCode, Limits, WarningCode } from './codes.js';

export type { Code, ErrorCode, Limits, WarningCode };

/** The options of validation. They have the names of a server's `/config.json`, which you can pass as it is. */
export interface Options {
  /** The country code of phone numbers that are written without one. The default is 1, North America. */
  readonly default_country_code?: string | number | null;
  /** Whether unknown and repeated keys refuse a request, as with `?strict=true`. */
  readonly strict?: boolean;
}

/** The options of {@link closestCall}. */
export interface SearchOptions extends Pick<Options, 'default_country_code'> {
  /** How far a call's start may be from the one searched for; 0 means any distance. Defaults to the server's default. */
  readonly match_window_seconds?: number | null;
  /** How many seconds of the start count as much as a second of the duration: 0 to 1,000, by default 20. */
  readonly duration_weight?: number | null;
  /** The typical error of a start: 1 to 86,400, by default 60. The confidence depends on it. */
  readonly start_error_seconds?: number | null;
  /** The typical error of a duration: 1 to 86,400, by default 15. The confidence depends on it. */
  readonly duration_error_seconds?: number | null;
  /** A match with a lower confidence is ambiguous: 0 to 1, by default 0.8. */
  readonly min_confidence?: number | null;
}

/** A problem or a warning. */
export interface Finding<C extends Code = Code> {
  /** Identifies the rule. Its meaning never changes, so branch on this. */
  readonly code: C;
  /** An RFC 6901 pointer into the request; empty for the request as a whole. */
  readonly pointer: string;
  /** The server's message. */
  readonly message: string;
  /** The text to write instead, or the key's right name. Only present if it is certain. */
  readonly fix?: string;
}

/** A place in a text. A missing field is placed at the object that lacks it. */
export interface Place {
  /** The line, from 1. */
  readonly line: number;
  /** The column, from 1, in characters (Unicode scalar values), as in the server's messages. */
  readonly column: number;
  /** The start and the exclusive end: UTF-16 units for a string, bytes otherwise. */
  readonly range: readonly [start: number, end: number];
}

/** A reason to refuse a request. In strict mode it can have a warning's code. */
export type Problem = Finding;

/** A probable mistake. The server accepts the request all the same. */
export type Warning = Finding<WarningCode>;

/** A search in its normal form. */
export type NormalSearch =
  | {
      /** The call's id in upper case, or null if it is malformed, which matches no call. */
      readonly transaction_id: string | null;
    }
  | {
      /** Roughly when the call started: Unix seconds, or milliseconds if there is a fraction. */
      readonly start_time_t: string;
      /** The caller's number in E.164. */
      readonly calling_phone_number?: string;
      /** Roughly how long the call was. */
      readonly duration_in_seconds?: string;
      /** The advertiser, by the network's id. */
      readonly advertiser_id_from_network?: string;
      /** The campaign, by the network's id. */
      readonly advertiser_campaign_id_from_network?: string;
      /** The network. */
      readonly network_id?: string;
    };

/** An outcome in its normal form. A field that was not sent is absent, and `''` clears the stored value. */
export interface NormalOutcome {
  /** The name, trimmed. */
  readonly outcome_name: string;
  /** Tells outcomes of the same name apart; `''` by default. */
  readonly partner_unique_id: string;
  /** Free text. */
  readonly description?: string;
  /** When it occurred, in Unix seconds. */
  readonly occurred_at_time_t?: string;
  /** The amount, as answers show it. */
  readonly sale_amount?: string;
  /** Whether the outcome was met. */
  readonly value?: 'true' | 'false';
  /** A value of your own. */
  readonly custom_parameter_1?: string;
  /** A value of your own. */
  readonly custom_parameter_2?: string;
  /** A value of your own. */
  readonly custom_parameter_3?: string;
}

/** A report in its normal form, which has the same meaning when it is sent. It never contains a token. */
export interface NormalRequest {
  /** The call. */
  readonly search: NormalSearch;
  /** Its outcome. */
  readonly call_outcome: NormalOutcome;
}

/**
 * A valid request. A server accepts it if it finds the call and the token has access.
 *
 * You can copy, clone, freeze and print it like any object, also through a proxy; copies include the request.
 */
export interface Valid<W> {
  readonly ok: true;
  /** The request in its normal form, computed when it is first read. */
  readonly request: NormalRequest;
  /** Probable mistakes. */
  readonly warnings: readonly W[];
}

/** An invalid request, which a server refuses. */
export interface Invalid<P, W> {
  readonly ok: false;
  /** Every problem, in the server's order. There is at least one. */
  readonly problems: readonly [P, ...P[]];
  /** Probable mistakes. */
  readonly warnings: readonly W[];
}

/** The result of validating JSON text. */
export type TextResult = Valid<Warning & Place> | Invalid<Problem & Place, Warning & Place>;

/** The result of validating a value, which has no places. */
export type ValueResult = Valid<Warning> | Invalid<Problem, Warning>;

/**
 * Validates a request as it would be sent: JSON as a string, or as bytes.
 *
 * Invalid input comes back as problems and never throws. Bytes are copied once, so the result is consistent even if another
 * thread writes to shared memory. A transferred buffer has no bytes. A token in the body is ignored.
 *
 * @throws TypeError if `body` is neither text nor bytes (use {@link validateValue} for a value), or for invalid options.
 */
export function validate(body: string | ArrayBufferLike | ArrayBufferView, options?: Options): TextResult;

/**
 * Validates a value as `JSON.stringify` would send it. A value that it cannot write is a problem too.
 *
 * Prefer {@link validate} if you have the text: it sees numbers as they were written.
 *
 * @throws TypeError for invalid options.
 */
export function validateValue(value: unknown, options?: Options): ValueResult;

/** A value of a parameter. `null` and blank text count as not sent. */
export type Value = string | number | null | undefined;

/** A search as it is sent, with the names and rules of a request's `search`: an id, or a start time with filters. */
export interface Search {
  /** The call's id. If it is given, the other fields are ignored. */
  readonly transaction_id?: Value;
  /** Roughly when the call started: Unix seconds or milliseconds. */
  readonly start_time_t?: Value;
  /** Only calls from this number. */
  readonly calling_phone_number?: Value;
  /** Roughly how long the call was. */
  readonly duration_in_seconds?: Value;
  /** Only calls of this advertiser, by the network's id. */
  readonly advertiser_id_from_network?: Value;
  /** Only calls of this campaign, by the network's id. */
  readonly advertiser_campaign_id_from_network?: Value;
  /** The network. A server compares it with the token's. */
  readonly network_id?: Value;
}

/** A call as it is imported, with the names and the rules of the API. */
export interface Call {
  /** The platform's id. */
  readonly transaction_id: string | number;
  /** When it started: Unix seconds or milliseconds. */
  readonly start_time_t: string | number;
  /** How long it was, once that is known. */
  readonly duration_in_seconds?: Value;
  /** Who called. */
  readonly calling_phone_number?: Value;
  /** The advertiser it belongs to. */
  readonly advertiser_id_from_network?: Value;
  /** The campaign it belongs to. */
  readonly advertiser_campaign_id_from_network?: Value;
}

/** A call that was not chosen. */
export interface Candidate {
  /** Its id. */
  readonly transaction_id: string;
  /** How far it is from the call searched for. */
  readonly distance_seconds: number;
}

/** Why a call was chosen: the `match` of an answer to `?explain=true`. */
export type Match =
  | {
      /** The call has the id. */
      readonly by: 'transaction_id';
      /** An id leaves no doubt. */
      readonly confidence: 1;
    }
  | {
      /** The call started closest. */
      readonly by: 'closest';
      /** The difference of the starts, plus that of the durations times the weight. */
      readonly distance_seconds: number;
      /** How far its start is off. */
      readonly start_difference_seconds: number;
      /** How far its duration is off, where one was searched for. */
      readonly duration_difference_seconds: number | null;
      /** How many seconds of the start counted as much as a second of the duration. */
      readonly duration_weight: number;
      /** How many calls qualify. */
      readonly candidates: number;
      /** Set if there are more than were counted. */
      readonly candidates_capped?: true;
      /** The next best call. */
      readonly runner_up: Candidate | null;
      /** How much farther away the runner-up is. */
      readonly margin_seconds: number | null;
      /** The probability that this is the right call, rounded down to three decimals. */
      readonly confidence: number;
      /** Whether the confidence is so low that a person should check. */
      readonly ambiguous: boolean;
    };

/** Why no call was found. */
export type NoMatch =
  | {
      /** No call has the id. */
      readonly by: 'transaction_id';
      /** Why. */
      readonly reason: ErrorCode;
    }
  | {
      /** No call qualifies. */
      readonly by: 'closest';
      /** The filter that excluded the last calls. */
      readonly reason: ErrorCode;
      /** The closest call that passed the filters before it. */
      readonly nearest: Candidate | null;
    };

/** The result of {@link closestCall}. */
export type ClosestResult<C> =
  | {
      readonly ok: true;
      /** The call, as it was passed. */
      readonly call: C;
      /** Why this call was chosen. */
      readonly match: Match;
      /** Probable mistakes, such as a misspelt key. */
      readonly warnings: readonly Warning[];
    }
  | {
      readonly ok: true;
      /** No call. */
      readonly call: null;
      /** Why no call was found. */
      readonly match: NoMatch;
      /** Probable mistakes, such as a misspelt key. */
      readonly warnings: readonly Warning[];
    }
  | Invalid<Problem, Warning>;

/**
 * Finds the call that a search means, as a server would among these calls. It takes at most as many as an import.
 *
 * Unknown keys are ignored, with a warning for each one of the search, and one warning each for all calls together: calls may
 * have keys of your own.
 *
 * @throws TypeError for invalid options.
 */
export function closestCall<C extends Call>(search: Search, calls: readonly C[], options?: SearchOptions): ClosestResult<C>;

/** A parameter of an outcome that `null` and `''` clear. */
export type Clearable =
  | 'description'
  | 'sale_amount'
  | 'custom_parameter_1'
  | 'custom_parameter_2'
  | 'custom_parameter_3';

/** The names of all parameters that can be cleared. */
export const clearable: readonly Clearable[];

/** How the fields of a form are read. */
export interface FormFields {
  /**
   * The fields that clear the stored value if they are empty. Any other empty field is left out, which keeps the stored
   * value.
   */
  readonly clears?: readonly Clearable[];
}

/** A report as a person entered it in a form. */
export interface FormRequest {
  /** The call. */
  readonly search: { readonly [name in keyof Search]?: string };
  /** Its outcome. */
  readonly call_outcome: { readonly [name in keyof NormalOutcome]?: string };
}

/**
 * Builds a request from `FormData` or `URLSearchParams` whose fields are named like the parameters. Pass it to
 * {@link validateValue}.
 *
 * Leaves out an empty field unless it is in `clears`, and ignores fields with other names. The last of several
 * fields with the same name counts.
 *
 * @throws TypeError for a name in `clears` that cannot be cleared.
 */
export function requestFromForm(
  data: { getAll(name: string): readonly unknown[] },
  fields?: FormFields,
): FormRequest;

/** An entry of the registry of codes. */
export interface CodeEntry {
  /** The code. */
  readonly code: Code;
  /** Whether it refuses a request. */
  readonly severity: 'error' | 'warning';
  /** The class of a server's answer, for an error. */
  readonly class?: string;
  /** The HTTP status of a server's answer, for an error. */
  readonly status?: number;
  /** A short title. */
  readonly title: string;
  /** The message, with the placeholders `{name}` and `{max}`. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}

/** Every code, including those that only a server returns. */
export const codes: readonly CodeEntry[];

/** The limits, as in `/config.json`. */
export const limits: Limits;

/** The names of a request's parameters. */
export const parameters: {
  /** Those of `search`. */
  readonly search: readonly string[];
  /** Those of `call_outcome`. */
  readonly call_outcome: readonly string[];
};

/** The version of this package. */
export const version: string;

/** The build of the rules. A server with the same rules has the same build in its `/config.json`. */
export const build: string | null;
