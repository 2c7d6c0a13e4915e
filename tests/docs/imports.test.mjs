// The JavaScript modules import downward only: what a folder may import is listed here, and there are no circles.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { filesOf, root } from './files.mjs';

/**
 * What the modules of a folder may import beside each other. Scripts and tests never import each other: what both need is
 * in scripts/lib/ or tools/.
 */
const MAY_IMPORT = {
  src: [],
  www: [],
  package: [],
  'package/dist': [],
  'scripts/lib': ['www'],
  'tools/harness': ['scripts/lib'],
  'tools/charts': [],
  'tools/match-quality': ['tools/charts'],
  'scripts/build': ['scripts/lib'],
  'scripts/commands': ['scripts/build', 'scripts/lib', 'tools/match-quality', 'www'],
  'scripts/check': ['scripts/build', 'scripts/lib', 'tools/harness'],
  scripts: ['scripts/build', 'scripts/lib'],
  tests: ['bench/report', 'scripts/lib', 'tools/harness', 'package/dist', 'www'],
  'bench/report': ['tools/charts'],
  bench: ['scripts/build', 'scripts/lib', 'tools/charts', 'tools/harness', 'bench/report', 'package/dist'],
};

/** The deepest of the listed folders that a path is in. */
function folderOf(path) {
  const within = Object.keys(MAY_IMPORT).filter((folder) => path.startsWith(`${folder}/`));
  return within.sort((a, b) => b.length - a.length)[0] ?? 'another folder';
}

/** The modules that a module imports by a relative path, wherever it does, as paths from the root. */
function imports(path, text) {
  const found = text.matchAll(/^(?:import|export)\b[^;'"]*?\bfrom\s*'(\.[^']*)'|^import\s*'(\.[^']*)'|\bimport\(\s*'(\.[^']*)'/gm);
  return [...found].map(([, from, bare, dynamic]) => join(dirname(path), from ?? bare ?? dynamic));
}

function isAllowed(from, to) {
  const [importer, imported] = [folderOf(from), folderOf(to)];
  return importer === imported || MAY_IMPORT[importer].includes(imported);
}

/** The first circle of a graph, as a list that ends where it began, or nothing. */
function circle(graph) {
  const done = new Set();
  const visit = (at, path) => {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
    if (done.has(at)) return undefined;
    for (const next of graph.get(at) ?? []) {
      const found = visit(next, [...path, at]);
      if (found) return found;
    }
    done.add(at);
    return undefined;
  };
  for (const at of graph.keys()) {
    const found = visit(at, []);
    if (found) return found;
  }
  return undefined;
}

const modules = [...filesOf('')].filter((path) => /\.(js|mjs|ts)$/.test(path));
const graph = new Map(modules.map((path) => [path, imports(path, readFileSync(join(root, path), 'utf8'))]));

test('every module is in a folder that is listed', () => {
  assert.deepEqual(modules.filter((path) => folderOf(path) === 'another folder'), []);
});

test('a module imports only what its folder may', () => {
  const wrong = [...graph].flatMap(([from, all]) => all.filter((to) => !isAllowed(from, to)).map((to) => `${from} imports ${to}`));
  assert.deepEqual(wrong, []);
});

test('no module imports itself, however far around', () => {
  assert.equal(circle(graph), undefined);
});

describe('these tests find', () => {
  test('imports at the top and within', () => {
    const text = `import a from './a.mjs';\nimport {\n  b,\n} from '../b.mjs';\nexport { c } from './c.mjs';\nimport './d.mjs';\nawait import('./e.mjs');\nimport fs from 'node:fs';\n`;
    assert.deepEqual(imports('x/y/z.mjs', text), ['x/y/a.mjs', 'x/b.mjs', 'x/y/c.mjs', 'x/y/d.mjs', 'x/y/e.mjs']);
  });

  test('imports of what is above or beside', () => {
    assert.ok(isAllowed('scripts/check/test.mjs', 'scripts/build/build.mjs'));
    assert.ok(!isAllowed('scripts/build/build.mjs', 'scripts/check/test.mjs'));
    assert.ok(!isAllowed('scripts/check/fuzz.mjs', 'tests/worker/random.mjs'));
    assert.ok(!isAllowed('tests/worker/deploy.test.mjs', 'scripts/commands/deploy.mjs'));
  });

  test('circles', () => {
    assert.equal(circle(new Map([['a', ['b']], ['b', []]])), undefined);
    assert.deepEqual(circle(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]])), ['b', 'c', 'b']);
  });
});
