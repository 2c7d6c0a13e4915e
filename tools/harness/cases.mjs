// The table of cases, tests/cases/reports.json, and how its values are read.
import { readFile } from 'node:fs/promises';

export const table = JSON.parse(await readFile(new URL('../../tests/cases/reports.json', import.meta.url), 'utf8'));

/** `{"$repeat": ["x", 3]}` is `"xxx"`. */
export function expand(value) {
  if (Array.isArray(value)) return value.map(expand);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value.$repeat)) return value.$repeat[0].repeat(value.$repeat[1]);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expand(member)]));
}

/** The actual value with `*` for each string where that is expected. */
export function withWildcards(actual, expected) {
  if (expected === '*' && typeof actual === 'string') return '*';
  if (actual === null || expected === null || typeof actual !== 'object' || typeof expected !== 'object') return actual;
  return Object.fromEntries(Object.entries(actual).map(([key, value]) => [key, withWildcards(value, expected[key])]));
}
