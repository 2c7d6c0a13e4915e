// The rules of a report, as zod schemas. An issue's message is its code.
import { z } from 'zod';
import { KEYS, Numeral, type Section } from './json';

const MAX_NAME = 255;
const MAX_DESCRIPTION = 4_096;
const COUNTRY = '1';

export interface Problem {
  code: string;
  message: string;
}

export interface Warning {
  code: string;
  pointer: string;
}

export interface Report {
  search: ById | ByTime;
  name: string;
  partner_unique_id: string;
  patch: Patch;
}

/** `id` is null where it is malformed: no call has it. */
export interface ById {
  by: 'id';
  id: string | null;
}

/** `start` in milliseconds, `duration` in seconds. */
export interface ByTime {
  by: 'time';
  start: number;
  phone?: string;
  duration?: number;
  advertiser?: string;
  campaign?: string;
  network?: string;
}

/** What was sent. An amount in cents, or null to clear it; `occurred_at` in seconds. */
export interface Patch {
  description?: string;
  occurred_at?: number;
  sale_cents?: number | null;
  value?: boolean;
  custom_1?: string;
  custom_2?: string;
  custom_3?: string;
}

const BLANK = /^\p{White_Space}*$/u;
const trim = (text: string) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');

const asText = (value: unknown) =>
  value instanceof Numeral ? value.source : typeof value === 'boolean' ? String(value) : value;
const fits = (max: number) => (text: string) => text.length <= max || [...text].length <= max;

const text = (code: string) =>
  z.preprocess(asText, z.string(code).refine((text) => !text.includes('\0'), code));
const textWithin = (name: string, max = MAX_NAME) => text(`${name}.type`).refine(fits(max), `${name}.too_long`);

/** A text that means something else: `parse` returns undefined where it does not. */
const meaning = <T>(code: string, parse: (text: string) => T | undefined) =>
  text(code).transform((text, context) => {
    const value = parse(text);
    if (value === undefined) context.addIssue({ code: 'custom', message: code });
    return value;
  });

const isBlank = (value: unknown) => value === null || (typeof value === 'string' && BLANK.test(value));
const unlessBlank = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (isBlank(value) ? undefined : value), schema.optional());
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional());
/** Null clears: `""`. */
const cleared = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null ? '' : value), schema.optional());

const time = (name: string) =>
  meaning(`${name}.format`, (text) => {
    if (/^\d{10}$/.test(text)) return Number(text) * 1000;
    return /^\d{13}$/.test(text) ? Number(text) : undefined;
  });

/** As a JSON number, digits only. */
const phone = z.preprocess(
  (value) => (value instanceof Numeral && !/^\d+$/.test(value.source) ? undefined : value),
  meaning('calling_phone_number.format', (text) => {
    const digits = text.replace(/[ \-.()]/g, '');
    if (/^\+\d{7,15}$/.test(digits)) return digits;
    if (/^\d{10}$/.test(digits)) return `+${COUNTRY}${digits}`;
    return /^\d{11}$/.test(digits) && digits.startsWith(COUNTRY) ? `+${digits}` : undefined;
  }),
);

const duration = meaning('duration_in_seconds.format', (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined));

const amount = z.preprocess(
  (value) => (value === null ? '' : typeof value === 'boolean' ? [] : value),
  text('sale_amount.format').transform((text, context) => {
    if (text === '') return null;
    const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
    if (whole !== undefined) return Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
    context.addIssue({ code: 'custom', message: `sale_amount.${amountFault(text)}` });
    return z.NEVER;
  }),
);

/** What is wrong with an amount. */
function amountFault(text: string): string {
  const hasDigits = /\d/.test(text);
  if (/^[$€£¥]|[$€£¥]$/.test(text) || (hasDigits && text.match(/[A-Za-z]/g)?.length === 3)) return 'currency';
  if (text.startsWith('-') && hasDigits) return 'negative';
  if (/[,'_]/.test(text) || (text.includes(' ') && hasDigits)) return 'separator';
  if (/^[\d.eE+-]*$/.test(text) && /e/i.test(text)) return 'exponent';
  const [, whole, fraction] = /^([^.]*)(?:\.(.*))?$/s.exec(text) ?? [];
  if (/^\d{13,}$/.test(whole ?? '')) return 'too_large';
  return /^\d+$/.test(whole ?? '') && /^\d+$/.test(fraction ?? '') ? 'precision' : 'format';
}

const truth = meaning('value.format', (text) => {
  if (/^(?:true|1|yes)$/i.test(text)) return true;
  return /^(?:false|0|no)$/i.test(text) ? false : undefined;
});

const SearchById = z.object({ transaction_id: text('transaction_id.type') });

const SearchByTime = z.object({
  start_time_t: unlessBlank(time('start_time_t')),
  calling_phone_number: unlessBlank(phone),
  duration_in_seconds: unlessBlank(duration),
  advertiser_id_from_network: unlessBlank(textWithin('advertiser_id_from_network')),
  advertiser_campaign_id_from_network: unlessBlank(textWithin('advertiser_campaign_id_from_network')),
  network_id: unlessBlank(textWithin('network_id')),
});

const customParameter = cleared(
  text('custom_parameter.type').refine(fits(MAX_NAME), 'custom_parameter.too_long'),
);

const CallOutcome = z.object({
  outcome_name: z.preprocess(
    (value) => (isBlank(value) ? undefined : value),
    z.preprocess(
      asText,
      z
        .string({ error: ({ input }) => `outcome_name.${input === undefined ? 'missing' : 'type'}` })
        .refine((text) => !text.includes('\0'), 'outcome_name.type')
        .transform(trim)
        .refine(fits(MAX_NAME), 'outcome_name.too_long'),
    ),
  ),
  partner_unique_id: z.preprocess((value) => value ?? '', textWithin('partner_unique_id')),
  description: cleared(textWithin('description', MAX_DESCRIPTION)),
  occurred_at_time_t: unlessEmpty(time('occurred_at_time_t')),
  sale_amount: amount.optional(),
  value: unlessEmpty(truth),
  custom_parameter_1: customParameter,
  custom_parameter_2: customParameter,
  custom_parameter_3: customParameter,
});

const ROOT = ['search', 'call_outcome', 'oauth_token'];
const SEARCH = ['transaction_id', ...Object.keys(SearchByTime.shape)];
const CALL_OUTCOME = Object.keys(CallOutcome.shape);
const MISSPELT = [1, 2, 3].map((number) => `custom_paramter_${number}`);

export interface Reading {
  report: Report | null;
  problems: Problem[];
  warnings: Warning[];
}

/** Reads a parsed body. */
export function read(root: Section): Reading {
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  const search = readSearch(root.search ?? null, problems, warnings);
  const outcome = readOutcome(root.call_outcome ?? null, problems, warnings);
  strays(root, ROOT, '', warnings);
  const report = search && outcome && problems.length === 0 ? { search, ...outcome } : null;
  return { report, problems, warnings };
}

/** The token of a body: null if none was sent, undefined if what was sent is none. */
export function tokenOf(root: Section): string | null | undefined {
  const token = asText(root.oauth_token ?? null);
  if (isBlank(token)) return null;
  return typeof token === 'string' ? token : undefined;
}

const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && KEYS in value;

function readSearch(sent: unknown, problems: Problem[], warnings: Warning[]): ById | ByTime | undefined {
  if (sent !== null && !isSection(sent)) {
    problems.push(problem('search.type', 'search'));
    return undefined;
  }
  const search = sent ?? ({ [KEYS]: [] } as unknown as Section);
  const isPassed = (name: string) => search[name] !== undefined && !isBlank(search[name]);
  let found: ById | ByTime | undefined;
  if (isPassed('transaction_id')) {
    for (const name of SEARCH.slice(1)) {
      if (isPassed(name)) warnings.push({ code: 'search.ignored', pointer: `/search/${name}` });
    }
    const read = check(SearchById, search, problems);
    if (read) {
      const id = trim(read.transaction_id);
      found = { by: 'id', id: /^[0-9A-Za-z-]{1,32}$/.test(id) ? id.toUpperCase() : null };
    }
  } else {
    if (!isPassed('start_time_t')) problems.push(problem('search.missing', 'search'));
    const before = problems.length;
    const read = check(SearchByTime, search, problems);
    const isStartFaulty = problems.slice(before).some(({ code }) => code === 'start_time_t.format');
    const isAlone = isPassed('start_time_t') && !SEARCH.slice(2).some(isPassed);
    if (isAlone && !isStartFaulty) warnings.push({ code: 'search.too_broad', pointer: '/search/start_time_t' });
    if (read?.start_time_t !== undefined) {
      found = {
        by: 'time',
        start: read.start_time_t,
        phone: read.calling_phone_number,
        duration: read.duration_in_seconds,
        advertiser: read.advertiser_id_from_network,
        campaign: read.advertiser_campaign_id_from_network,
        network: read.network_id,
      };
    }
  }
  strays(search, SEARCH, '/search', warnings);
  return found;
}

function readOutcome(sent: unknown, problems: Problem[], warnings: Warning[]): Omit<Report, 'search'> | undefined {
  if (sent !== null && !isSection(sent)) {
    problems.push(problem('call_outcome.type', 'call_outcome'));
    return undefined;
  }
  const outcome = sent ?? ({ [KEYS]: [] } as unknown as Section);
  const spelt: Record<string, unknown> = { ...outcome };
  for (const misspelt of MISSPELT) {
    const name = misspelt.replace('paramter', 'parameter');
    if (misspelt in outcome && !(name in outcome)) spelt[name] = outcome[misspelt];
  }
  const read = check(CallOutcome, spelt, problems);
  if ((read ? read.sale_amount : amount.safeParse(spelt.sale_amount).data) === 0) {
    warnings.push({ code: 'sale_amount.zero', pointer: '/call_outcome/sale_amount' });
  }
  for (const misspelt of MISSPELT) {
    if (misspelt in outcome) warnings.push({ code: 'custom_parameter.misspelt', pointer: `/call_outcome/${misspelt}` });
  }
  strays(outcome, [...CALL_OUTCOME, ...MISSPELT], '/call_outcome', warnings);
  if (!read) return undefined;
  return {
    name: read.outcome_name,
    partner_unique_id: read.partner_unique_id,
    patch: {
      description: read.description,
      occurred_at: read.occurred_at_time_t && Math.floor(read.occurred_at_time_t / 1000),
      sale_cents: read.sale_amount,
      value: read.value,
      custom_1: read.custom_parameter_1,
      custom_2: read.custom_parameter_2,
      custom_3: read.custom_parameter_3,
    },
  };
}

/** The parsed section, or its problems: the first of each parameter, in the order of the schema. */
function check<T extends z.ZodType>(schema: T, section: unknown, problems: Problem[]): z.output<T> | undefined {
  const { success, data, error } = schema.safeParse(section);
  if (success) return data;
  const seen = new Set<PropertyKey>();
  for (const { message, path } of error.issues) {
    const [name = ''] = path;
    if (seen.has(name)) continue;
    seen.add(name);
    problems.push(problem(message, String(name)));
  }
  return undefined;
}

function problem(code: string, name: string): Problem {
  return { code, message: message(code, name) };
}

function message(code: string, name: string): string {
  if (code === 'search.missing') return 'transaction_id or start_time_t must be present';
  if (code.endsWith('.missing')) return `${name} must be present`;
  const max = name === 'description' ? '4096' : MAX_NAME;
  return code.endsWith('.too_long') ? `${name} is too long (maximum is ${max} characters)` : `${name} is invalid`;
}

/** Keys that are not known, and each further time of one that came before. */
function strays(section: Section, known: string[], parent: string, warnings: Warning[]) {
  const seen = new Set<string>();
  for (const key of section[KEYS]) {
    const pointer = `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (seen.has(key)) warnings.push({ code: 'key.repeated', pointer });
    else if (!known.includes(key)) warnings.push({ code: 'key.unknown', pointer });
    seen.add(key);
  }
}
