// Holds validators to the table of cases.
import assert from 'node:assert/strict';
import { expand, table } from '../../tools/harness/cases.mjs';

/** The rows on JSON values. A number is the same however it is written, if a double holds it, and keys come once. */
const rows = table
  .filter(({ name, stage, text, body }) => {
    if (stage === 'syntax' || name.includes('number as written') || /\d{309}/.test(text)) return false;
    return text || (body && typeof body === 'object');
  })
  .map((row) => ({ ...row, value: row.text ? JSON.parse(row.text) : expand(row.body) }));

/** Asserts that a validator lets through what the server does, and otherwise names every field that the server names. */
export function holdToTable(name, validate) {
  const wrong = [];
  for (const { name, status, errors, value } of rows) {
    if (status < 300 ? validate(value) : errors?.class === 'RecordInvalid' && !namesAll(validate(value), errors)) {
      wrong.push(name);
    }
  }
  assert.deepEqual(wrong, [], name);
  return rows.length;
}

function namesAll(paths, { invalid_data }) {
  const fields = [...invalid_data.matchAll(/(\w+) is (?:invalid|too long)/g)].map(([, field]) => field);
  return paths?.length > 0 && fields.every((field) => paths.some((path) => path.replace('paramter', 'parameter').includes(field)));
}
