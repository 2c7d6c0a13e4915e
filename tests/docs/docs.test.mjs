// The documents: links lead somewhere, commands and files exist, and the README stays short.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BUILT, filesOf, root } from './files.mjs';

const files = [...filesOf('')];
const names = new Set(files.map((path) => basename(path)));
const documents = files.filter((path) => path.endsWith('.md'));
const read = (path) => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(read('package.json'));

/** A document without its blocks of code. */
const prose = (text) => text.replace(/^(`{3,}).*\n[^]*?^\1 *$/gm, '');

/** The anchors that GitHub makes of the headings. */
function anchors(text) {
  const seen = new Map();
  return new Set(
    [...prose(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading]) => {
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
      const slug = plain.toLowerCase().replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}

/** The targets of links and pictures, without those in code. */
const targets = (text) =>
  [...prose(text).replace(/`[^`\n]*`/g, '').matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: +(\S+)/gm)].map(([, inline, reference]) => inline ?? reference);

/** What is wrong with a link of a document, or nothing. */
function fault(path, target) {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [file, anchor] = target.split('#');
  const to = file === '' ? path : relative(root, join(root, dirname(path), decodeURIComponent(file)));
  if (!existsSync(join(root, to))) return `${target}: there is no ${to}`;
  if (statSync(join(root, to)).isFile() && !files.includes(to)) return `${target}: ${to} is built`;
  if (anchor && !anchors(read(to)).has(anchor)) return `${target}: ${to} has no such heading`;
  return undefined;
}

/** The names of the npm scripts that a document tells to run. */
function commands(text) {
  const runs = [...text.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map(([, name]) => name);
  const short = [...text.matchAll(/\bnpm (start|test)\b/g)].map(([, name]) => name);
  return [...runs, ...short];
}

const TOP = new Set(files.filter((path) => path.includes('/')).map((path) => path.split('/')[0]));

const unknown = (text) => commands(text).filter((name) => !Object.hasOwn(scripts, name));
const SOURCES = new Set(['.html', '.js', '.mjs', '.rs', '.sql', '.toml', '.yml']);

/** The files of the repository that a document names in code: by a path, or by the name of a test or a statement. */
function named(text) {
  const codes = [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
  return codes.filter((code) => {
    if (/^[\w.-]+\.(sql|test\.mjs)$/.test(code)) return true;
    return /^[\w./-]+$/.test(code) && TOP.has(code.split('/')[0]) && code.includes('/') && !BUILT.test(code);
  });
}

const exists = (name) => (name.includes('/') ? existsSync(join(root, name)) : names.has(name));

/** A test for each document, which fails with everything that is wrong. */
function each(find) {
  for (const path of documents) test(path, () => assert.deepEqual(find(path, read(path)), []));
}

describe('links lead to a file and a heading', () => {
  each((path, text) => targets(text).map((target) => fault(path, target)).filter(Boolean));
});

describe('commands exist', () => {
  each((_, text) => unknown(text));

  test('in the source', () => {
    // This file has commands that do not exist.
    const sources = files.filter((path) => SOURCES.has(extname(path)) && join(root, path) !== fileURLToPath(import.meta.url));
    assert.deepEqual(sources.flatMap((path) => unknown(read(path)).map((name) => `${path}: ${name}`)), []);
  });
});

describe('files that are named exist', () => {
  // A changelog names what was there at the time.
  each((path, text) => (path === 'CHANGELOG.md' ? [] : named(text).filter((name) => !exists(name))));
});

test('the README is at most 130 lines', () => {
  assert.ok(read('README.md').trimEnd().split('\n').length <= 130);
});

describe('these tests find', () => {
  test('links without a target', () => {
    assert.equal(fault('README.md', 'https://example.com'), undefined);
    assert.equal(fault('README.md', 'docs/api/reports.md#dry-runs'), undefined);
    assert.match(fault('README.md', 'docs/none.md'), /there is no docs\/none\.md/);
    assert.match(fault('docs/csv.md', 'deploy.md#none'), /docs\/deploy\.md has no such heading/);
    assert.match(fault('docs/csv.md', '#none'), /docs\/csv\.md has no such heading/);
  });

  test('links outside of code only, and pictures', () => {
    assert.deepEqual(targets('[a](b.md) ![c](d.png "t") `[e](f)`\n```md\n[g](h)\n```\n[i]: j\n'), ['b.md', 'd.png', 'j']);
  });

  test('anchors as GitHub makes them', () => {
    assert.deepEqual([...anchors('# A `b`: c-d, é!\n## [A](x)\n## A\n```sh\n# no\n```\n')], ['a-b-c-d-é', 'a', 'a-1']);
  });

  test('commands in text and in code', () => {
    assert.deepEqual(commands('`npm run deploy -- --dry-run`\n```sh\nnpm test\nnpm run test:x # y\n```'), ['deploy', 'test:x', 'test']);
  });

  test('files by their paths, and what is built is none', () => {
    assert.deepEqual(named('`src/x.rs` `none.sql` `a/b` `package/dist/` `src/` `/csv`'), ['src/x.rs', 'none.sql', 'src/']);
    assert.deepEqual(['src/lib.rs', 'report_context.sql', 'none.sql', 'src/none.rs'].map(exists), [true, true, false, false]);
  });
});
