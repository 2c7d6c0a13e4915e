import type { Code, ErrorCode, Limits, WarningCode } from './codes.js';

export type { Code, ErrorCode, Limits, WarningCode };

/** What of a server's configuration changes its rules: what `/config.json` answers can be passed as it is. */
export interface Options {
  /** The country code of phone numbers that are written without one. The default is that of North America. */
  readonly default_country_code?: string | number | null;
  /** Whether unknown and repeated keys refuse a request, as with `?strict=true`. */
  readonly strict?: boolean;
}

/** The options of a search among calls. */
export interface SearchOptions extends Pick<Options, 'default_country_code'> {
  /** How far a start may be off; 0 is any distance. The default is a server's. */
  readonly match_window_seconds?: number | null;
  /** Below which margin to the next best call a match is ambiguous. The default is a server's. */
  readonly ambiguity_seconds?: number | null;
}

/** One thing that is wrong with a request, or probably wrong. */
export interface Finding<C extends Code = Code> {
  /** The rule. It never changes its meaning: branch on this. */
  readonly code: C;
  /** Where: an RFC 6901 pointer into the request, empty for the request as a whole. */
  readonly pointer: string;
  /** What is wrong, in the server's words. */
  readonly message: string;
  /** What to write instead, only where that is certain: the value's text, or the key's name. */
  readonly fix?: string;
}

/** Where something stands in a text. What is missing stands where the object does that lacks it. */
export interface Place {
  /** The line, from 1. */
  readonly line: number;
  /** The column, from 1, in characters (Unicode scalar values), as in the server's messages. */
  readonly column: number;
  /** The start and the end, exclusive: in UTF-16 units of a string, in bytes of bytes. */
  readonly range: readonly [start: number, end: number];
}

/** Why a request is refused. In strict mode that can be a warning's code. */
export type Problem = Finding;

/** What is probably not as it was meant. The request is carried out all the same. */
export type Warning = Finding<WarningCode>;

/** A search, in its normal form. */
export type NormalSearch =
  | {
      /** The call's id, in upper case; null where what was sent is no id, and so no call's. */
      readonly transaction_id: string | null;
    }
  | {
      /** Roughly when the call started: Unix seconds, or milliseconds where that is more exact. */
      readonly start_time_t: string;
      /** Who called, in E.164. */
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

/** An outcome, in its normal form. What was not sent is not there, and `''` clears. */
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
  /** Yours. */
  readonly custom_parameter_1?: string;
  /** Yours. */
  readonly custom_parameter_2?: string;
  /** Yours. */
  readonly custom_parameter_3?: string;
}

/** A report in its normal form. Sent as it is, it means the same. It never holds a token. */
export interface NormalRequest {
  /** Which call. */
  readonly search: NormalSearch;
  /** What became of it. */
  readonly call_outcome: NormalOutcome;
}

/**
 * A server would carry the request out, if the call is found and the token may.
 *
 * It can be copied, cloned, frozen and printed like any object, also through a proxy; copies have the request.
 */
export interface Valid<W> {
  readonly ok: true;
  /** The request in its normal form. It is made when it is first read. */
  readonly request: NormalRequest;
  /** What is probably not as it was meant. */
  readonly warnings: readonly W[];
}

/** A server would refuse the request. */
export interface Invalid<P, W> {
  readonly ok: false;
  /** Every problem, in the server's order. There is at least one. */
  readonly problems: readonly [P, ...P[]];
  /** What is probably not as it was meant. */
  readonly warnings: readonly W[];
}

/** What becomes of a text. */
export type TextResult = Valid<Warning & Place> | Invalid<Problem & Place, Warning & Place>;

/** What becomes of a value, which has no places. */
export type ValueResult = Valid<Warning> | Invalid<Problem, Warning>;

/**
 * Validates a request as it would be sent: JSON as a string, or as bytes.
 *
 * Whatever is wrong with it comes back as problems. Bytes are copied once, so that a result is about one state of memory
 * that is shared with another thread; a buffer that was transferred has no bytes. A token is not looked at.
 *
 * @throws TypeError if `body` is neither text nor bytes (use {@link validateValue} for a value), or for invalid options.
 */
export function validate(body: string | ArrayBufferLike | ArrayBufferView, options?: Options): TextResult;

/**
 * Validates a value as `JSON.stringify` would send it; what that cannot write is a problem too.
 *
 * Prefer {@link validate} where there is a text: numbers count as they are written, and a value has lost that.
 *
 * @throws TypeError for invalid options.
 */
export function validateValue(value: unknown, options?: Options): ValueResult;

/** A value of a parameter. `null` and blank text count as not sent. */
export type Value = string | number | null | undefined;

/** A search as it is sent, with the names and the rules of a request's `search`: an id, or a start and what narrows it. */
export interface Search {
  /** The call's id. With one, the others are ignored. */
  readonly transaction_id?: Value;
  /** Roughly when the call started: Unix seconds or milliseconds. */
  readonly start_time_t?: Value;
  /** Who called: only calls from this number. */
  readonly calling_phone_number?: Value;
  /** Roughly how long the call was. */
  readonly duration_in_seconds?: Value;
  /** Only calls of this advertiser, by the network's id. */
  readonly advertiser_id_from_network?: Value;
  /** Only calls of this campaign, by the network's id. */
  readonly advertiser_campaign_id_from_network?: Value;
  /** The network, which a server compares with the token's. */
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
  /** How far it is from what is looked for. */
  readonly distance_seconds: number;
}

/** Why a call was found, or none: the `match` of an answer to `?explain=true`. */
export type Match =
  | {
      /** The call has the id. */
      readonly by: 'transaction_id';
    }
  | {
      /** The call started closest. */
      readonly by: 'closest';
      /** The difference of the starts plus that of the durations. */
      readonly distance_seconds: number;
      /** How far its start is off. */
      readonly start_difference_seconds: number;
      /** How far its duration is off, where one was searched for. */
      readonly duration_difference_seconds: number | null;
      /** How many calls would do. */
      readonly candidates: number;
      /** Whether there are more than were counted. */
      readonly candidates_capped?: true;
      /** The next best call. */
      readonly runner_up: Candidate | null;
      /** How much farther that one is. */
      readonly margin_seconds: number | null;
      /** Whether that is so little that a person should look. */
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
      /** No call would do. */
      readonly by: 'closest';
      /** At which step the last calls fell out. */
      readonly reason: ErrorCode;
      /** The closest call that passed the step before. */
      readonly nearest: Candidate | null;
    };

/** Which call a search means. */
export type ClosestResult<C> =
  | {
      readonly ok: true;
      /** The call, as it was passed. */
      readonly call: C;
      /** Why this one. */
      readonly match: Match;
      /** What is probably not as it was meant, such as a misspelt key. */
      readonly warnings: readonly Warning[];
    }
  | {
      readonly ok: true;
      /** No call. */
      readonly call: null;
      /** Why none. */
      readonly match: NoMatch;
      /** What is probably not as it was meant, such as a misspelt key. */
      readonly warnings: readonly Warning[];
    }
  | Invalid<Problem, Warning>;

/**
 * Finds the call that a search means, as a server would choose among these. It takes as many calls as an import.
 *
 * Unknown keys change nothing, and each is a warning: of the search, and once for all calls, which may have keys of yours.
 *
 * @throws TypeError for invalid options.
 */
export function closestCall<C extends Call>(search: Search, calls: readonly C[], options?: SearchOptions): ClosestResult<C>;

/** A parameter of an outcome that `null` and `''` clear: a later answer is without it. */
export type Clearable =
  | 'description'
  | 'sale_amount'
  | 'custom_parameter_1'
  | 'custom_parameter_2'
  | 'custom_parameter_3';

/** The names of all of them. */
export const clearable: readonly Clearable[];

/** How the fields of a form are read. */
export interface FormFields {
  /**
   * The fields that clear what was reported before if they are empty. Any other empty field is left out, and so leaves
   * what was reported as it is.
   */
  readonly clears?: readonly Clearable[];
}

/** What a form reports, as it was entered. */
export interface FormRequest {
  /** Which call. */
  readonly search: { readonly [name in keyof Search]?: string };
  /** What became of it. */
  readonly call_outcome: { readonly [name in keyof NormalOutcome]?: string };
}

/**
 * Makes a request of what a form sent: `FormData` or `URLSearchParams`, with fields named like the parameters. Pass it to
 * {@link validateValue}.
 *
 * An empty field is left out unless it is among `clears`, and fields with other names are not looked at. Of fields with
 * the same name the last one counts.
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
  /** The class of a server's answer, where it is an error. */
  readonly class?: string;
  /** The HTTP status of a server's answer, where it is an error. */
  readonly status?: number;
  /** A short title. */
  readonly title: string;
  /** The message, with `{name}` and `{max}` where a problem puts a name and a limit. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}

/** Every code, also those that only a server gives. */
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

/** The build of the rules. A server whose `/config.json` has the same has the same rules. */
export const build: string | null;
