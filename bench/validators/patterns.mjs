// What zod and valibot share: the patterns of texts.
export const TEXT = /^[^\0]*$/;
export const BLANK = /^\p{White_Space}*$/u;
export const TIME = /^(?:\d{10}|\d{13})$/;
export const DURATION = /^\d{1,9}$/;
export const PHONE = /^[ \-.()]*(?:\+[ \-.()]*(?:\d[ \-.()]*){7,15}|(?:\d[ \-.()]*){10}|1[ \-.()]*(?:\d[ \-.()]*){10})$/;
export const AMOUNT = /^(?:\d{1,12}(?:\.\d{1,2})?)?$/;
export const TRUTH = /^(?:true|false|yes|no|[01]|)$/i;
export const MAX_NAME = 255;
export const MAX_DESCRIPTION = 4_096;

/** Whether a text has at most so many characters. */
export const fits = (max) => (text) => text.length <= max || [...text].length <= max;
export const trim = (text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
/** Whether a parameter of a search was passed. */
export const isPassed = (value) => value != null && !(typeof value === 'string' && BLANK.test(value));
/** Whether a search names its call by the id. */
export const isById = (search) => typeof search === 'object' && search !== null && isPassed(search.transaction_id);
/** A scalar as text. */
export const asText = (value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value);

export const CUSTOM = ['custom_parameter_1', 'custom_parameter_2', 'custom_parameter_3'];
const MISSPELT = Object.fromEntries(CUSTOM.map((name) => [name, name.replace('parameter', 'paramter')]));

/** An outcome in which what came under the reference's misspelling stands under the right name, if that did not come. */
export function rightlySpelt(outcome) {
  if (typeof outcome !== 'object' || outcome === null) return outcome;
  let spelt = outcome;
  for (const name of CUSTOM) {
    const misspelt = MISSPELT[name];
    if (misspelt in outcome && !(name in outcome)) spelt = { ...spelt, [name]: outcome[misspelt] };
  }
  return spelt;
}
