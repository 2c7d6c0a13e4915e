// Compares an answer over HTTP with a row of the table of cases.
import assert from 'node:assert/strict';
import { expand, withWildcards } from './cases.mjs';

/** Asserts that an answer is the one that the row expects. */
export function checkAnswer(row, answer) {
  const { headers, json } = answer;
  assert.deepEqual(
    {
      status: answer.status,
      body: withWildcards(json, row.answer ?? { errors: row.errors }),
      code: row.errors && !row.code ? undefined : (headers.get('X-Error-Code') ?? undefined),
      warnings: answer.warnings,
      type: headers.get('Content-Type'),
    },
    {
      status: row.status,
      body: expand(row.answer ?? { errors: row.errors }),
      code: row.code,
      warnings: row.warnings ?? [],
      type: 'application/json',
    },
  );
  // The members are in this order, with no space between them.
  assert.equal(answer.text, JSON.stringify(json));
  assert.deepEqual(memberNames(json), memberNames(row.answer ?? { errors: row.errors }));
  if (row.at) assert.match(json.errors.invalid_data, new RegExp(`line ${row.at[0]}, column ${row.at[1]}$`));
  if (row.errors) assert.ok(headers.get('X-Error-Code'), 'no X-Error-Code');
  assert.ok(headers.get('X-Request-Id'), 'no X-Request-Id');
}

/** The keys of an object and of the objects in it, in order. */
function memberNames(value) {
  if (value === null || typeof value !== 'object' || value.$repeat) return null;
  return Object.entries(value).map(([key, member]) => [key, memberNames(member)]);
}
