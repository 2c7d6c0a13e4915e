// The rules in valibot.
import * as v from 'valibot';
import {
  AMOUNT,
  CUSTOM,
  DURATION,
  MAX_DESCRIPTION,
  MAX_NAME,
  PHONE,
  TEXT,
  TIME,
  TRUTH,
  asText,
  fits,
  isById,
  isPassed,
  rightlySpelt,
  trim,
} from './patterns.mjs';

const scalar = (...checks) => v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(asText), ...checks);
const text = scalar(v.regex(TEXT));
const within = (max) => v.nullish(scalar(v.regex(TEXT), v.check(fits(max))));
const unlessBlank = (schema) =>
  v.pipe(v.any(), v.transform((value) => (isPassed(value) ? value : undefined)), v.optional(schema));
const unlessEmpty = (schema) =>
  v.pipe(v.any(), v.transform((value) => (value === '' ? undefined : value)), v.nullish(schema));
const written = (pattern) =>
  v.pipe(
    v.union([v.string(), v.number()]),
    v.check((value) => (typeof value === 'number' ? /^\d+$/ : pattern).test(value)),
  );

const byId = v.object({ transaction_id: text });
const byTime = v.object({
  start_time_t: v.pipe(v.any(), v.transform((value) => (isPassed(value) ? value : undefined)), scalar(v.regex(TIME))),
  calling_phone_number: v.optional(unlessBlank(written(PHONE))),
  duration_in_seconds: v.optional(unlessBlank(scalar(v.regex(DURATION)))),
  advertiser_id_from_network: v.optional(unlessBlank(within(MAX_NAME))),
  advertiser_campaign_id_from_network: v.optional(unlessBlank(within(MAX_NAME))),
  network_id: v.optional(unlessBlank(within(MAX_NAME))),
});

const outcome = v.pipe(
  v.any(),
  v.transform(rightlySpelt),
  v.object({
    outcome_name: scalar(v.regex(TEXT), v.check((name) => isPassed(name) && fits(MAX_NAME)(trim(name)))),
    partner_unique_id: within(MAX_NAME),
    description: within(MAX_DESCRIPTION),
    occurred_at_time_t: v.optional(unlessEmpty(scalar(v.regex(TIME)))),
    sale_amount: v.nullish(v.pipe(v.union([v.string(), v.number()]), v.check((amount) => AMOUNT.test(amount)))),
    value: v.nullish(scalar(v.regex(TRUTH))),
    ...Object.fromEntries(CUSTOM.map((name) => [name, within(MAX_NAME)])),
  }),
);

const report = v.object({
  search: v.lazy((search) => (isById(search) ? byId : byTime)),
  call_outcome: outcome,
});

/** The paths of what is wrong, or nothing. */
export function valibot(value) {
  const { issues } = v.safeParse(report, value);
  return issues?.map(({ path }) => `/${path?.map(({ key }) => key).join('/') ?? ''}`);
}
