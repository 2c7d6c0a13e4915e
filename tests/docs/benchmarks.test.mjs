// What the documents say of benchmarks is what was measured: the results, the tables and the charts.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filesOf, readFigures } from '../../bench/report/files.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');
const files = filesOf(readFigures());
const charts = Object.keys(files).filter((path) => path.endsWith('.svg'));

describe('written from bench/figures.json, as `npm run bench -- --draw` does', () => {
  for (const [path, content] of Object.entries(files)) test(path, () => assert.equal(read(path), content));
});

describe('charts', () => {
  test('are all shown in a document, beside a table', () => {
    const document = read('docs/performance.md');
    for (const path of charts) {
      const name = path.slice('docs/'.length);
      assert.match(document, new RegExp(`!\\[[^\\]]+\\]\\(${name}\\)[^]*?<!-- figures: [a-z-]+ -->`), path);
    }
  });

  test('are all written by the benchmark', () => {
    const pictures = readdirSync(join(root, 'docs/images')).filter((name) => name.endsWith('.svg') && !name.startsWith('match-'));
    assert.deepEqual(pictures.map((name) => `docs/images/${name}`).toSorted(), charts.toSorted());
  });

  for (const path of charts) {
    test(`${path} has a title, a description and a dark scheme, and loads nothing`, () => {
      const svg = read(path);
      assert.match(svg, /role="img" aria-labelledby="title description"/);
      assert.match(svg, /<title id="title">[^<]+<\/title>/);
      assert.match(svg, /<desc id="description">[^<]+<\/desc>/);
      assert.match(svg, /@media \(prefers-color-scheme: dark\)/);
      assert.doesNotMatch(svg, /url\(|href|<script|@import|@font-face|NaN|undefined|Infinity/);
    });
  }
});
