// The bodies and headers of answers.
import type { Warning } from './rules';

/** A record of an outcome, as a row. */
export interface Record_ {
  transaction_id: string;
  corrects_transaction_id: string | null;
  revision: number;
  description: string;
  occurred_at: number;
  sale_cents: number | null;
  value: number;
  custom_1: string;
  custom_2: string;
  custom_3: string;
}

export interface Call {
  id: number;
  transaction_id: string;
  start_ms: number;
}

export interface Answer {
  status: number;
  body: unknown;
  code?: string;
}

const CLASSES = {
  'token.missing': [401, 'NotAuthorized', 'Invalid or missing oauth token'],
  'token.invalid': [401, 'NotAuthorized', 'Invalid or missing oauth token'],
  'permission.missing': [403, 'UnauthorizedOperation', 'You do not have permissions to perform the requested operation.'],
  'advertiser_id_from_network.forbidden': [403, 'UnauthorizedAdvertiser', 'You do not have access to this advertiser'],
  'advertiser_campaign_id_from_network.forbidden': [
    403,
    'UnauthorizedAdvertiser',
    'You do not have access to this advertiser',
  ],
  'network_id.forbidden': [403, 'UnauthorizedNetwork', 'You do not have access to this network'],
  'call.not_found': [404, 'RecordNotFound', 'No call found. Please refer to the documentation.'],
  'route.not_found': [404, 'RouteNotFound', 'no such route'],
  'method.not_allowed': [405, 'MethodNotAllowed', 'this route takes POST, PUT'],
  'version.invalid': [400, 'InvalidApiVersion', 'the API version must be a calendar date such as 2015-08-17'],
  'body.too_large': [413, 'PayloadTooLarge', 'the body is larger than 65536 bytes'],
  'service.unavailable': [503, 'ServiceUnavailable', 'the database is overloaded or out of reach, please try again'],
} as const;

export type Refusal = keyof typeof CLASSES;

export function refuse(code: Refusal): Answer {
  const [status, type, text] = CLASSES[code];
  return error(status, type, text, code);
}

export function error(status: number, type: string, text: string, code: string): Answer {
  return { status, body: { errors: { class: type, invalid_data: text } }, code };
}

const seconds = (time: number) => String(time).padStart(10, '0');

function amount(cents: number): string {
  const whole = Math.floor(cents / 100);
  const rest = cents % 100;
  return rest % 10 === 0 ? `${whole}.${rest / 10}` : `${whole}.${String(rest).padStart(2, '0')}`;
}

/** A record that is stored. */
export function stored(status: number, record: Record_, call: Call, name: string, partner_unique_id: string): Answer {
  const body = {
    call_outcome: {
      transaction_id: record.transaction_id,
      corrects_transaction_id: record.corrects_transaction_id,
      outcome_name: name,
      partner_unique_id,
      description: record.description,
      occurred_at_time_t: seconds(record.occurred_at),
      sale_amount: record.sale_cents === null ? undefined : amount(record.sale_cents),
      value: record.value === 0 ? 'false' : 'true',
      custom_parameter_1: record.custom_1,
      custom_parameter_2: record.custom_2,
      custom_parameter_3: record.custom_3,
    },
    call: { transaction_id: call.transaction_id, start_time_t: seconds(Math.floor(call.start_ms / 1000)) },
  };
  return { status, body };
}

const MAX_ENTRIES = 20;
const MAX_BYTES = 2_048;
const ROOM_FOR_MORE = 16;

/** `code pointer` pairs, the pointers in printable ASCII without commas. */
export function warningsHeader(warnings: Warning[]): string | undefined {
  const entries: string[] = [];
  let room = MAX_BYTES - ROOM_FOR_MORE;
  for (const { code, pointer } of warnings.slice(0, MAX_ENTRIES)) {
    const encoded = [...new TextEncoder().encode(pointer)]
      .map((byte) => {
        const isPlain = byte > 32 && byte < 127 && byte !== 37 && byte !== 44;
        return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join('');
    room -= code.length + encoded.length + 3;
    if (room < 0) break;
    entries.push(`${code} ${encoded}`);
  }
  if (entries.length < warnings.length) entries.push(`more=${warnings.length - entries.length}`);
  return entries.length > 0 ? entries.join(', ') : undefined;
}
