// The rules in zod.
import { z } from 'zod';
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

const text = z.preprocess(asText, z.string().regex(TEXT));
const scalar = (pattern) => z.preprocess(asText, z.string().regex(pattern));
const number = (pattern) =>
  z.union([z.string(), z.number()]).refine((value) => (typeof value === 'number' ? /^\d+$/ : pattern).test(value));
const unlessBlank = (schema) => z.preprocess((value) => (isPassed(value) ? value : undefined), schema.optional());
const unlessEmpty = (schema) => z.preprocess((value) => (value === '' ? undefined : value), schema.nullish());
const within = (max) => text.refine(fits(max)).nullish();

const byId = z.object({ transaction_id: text });
const byTime = z.object({
  start_time_t: z.preprocess((value) => (isPassed(value) ? value : undefined), scalar(TIME)),
  calling_phone_number: unlessBlank(number(PHONE)),
  duration_in_seconds: unlessBlank(scalar(DURATION)),
  advertiser_id_from_network: unlessBlank(within(MAX_NAME)),
  advertiser_campaign_id_from_network: unlessBlank(within(MAX_NAME)),
  network_id: unlessBlank(within(MAX_NAME)),
});

const outcome = z.preprocess(
  rightlySpelt,
  z.object({
    outcome_name: text.refine((name) => isPassed(name) && fits(MAX_NAME)(trim(name))),
    partner_unique_id: within(MAX_NAME),
    description: within(MAX_DESCRIPTION),
    occurred_at_time_t: unlessEmpty(scalar(TIME)),
    sale_amount: z
      .union([z.string(), z.number()])
      .refine((amount) => AMOUNT.test(amount))
      .nullish(),
    value: scalar(TRUTH).nullish(),
    ...Object.fromEntries(CUSTOM.map((name) => [name, within(MAX_NAME)])),
  }),
);

const report = z.object({
  search: z.any().superRefine((search, context) => {
    const { error } = (isById(search) ? byId : byTime).safeParse(search);
    for (const { path } of error?.issues ?? []) context.addIssue({ code: 'custom', path });
  }),
  call_outcome: outcome,
});

/** The paths of what is wrong, or nothing. */
export function zod(value) {
  const { error } = report.safeParse(value);
  return error?.issues.map(({ path }) => `/${path.join('/')}`);
}
