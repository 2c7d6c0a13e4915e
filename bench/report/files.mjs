// The files that are written from bench/figures.json. Equal figures give equal files: tests/docs/benchmarks.test.mjs holds
// them to it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { charts } from './charts.mjs';
import { results } from './results.mjs';
import { tables } from './tables.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = join(root, 'bench/figures.json');
const DOCUMENT = 'docs/performance.md';

/** The figures that were measured, by section. */
export const readFigures = () => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {});

/** Writes figures and all files that show them. */
export function writeFigures(figures) {
  writeFileSync(path, `${JSON.stringify(figures, null, 1)}\n`);
  for (const [name, content] of Object.entries(filesOf(figures))) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

/** The contents of the files that show some figures, by their paths. */
export function filesOf(figures) {
  const pictures = Object.entries(charts(figures)).map(([name, content]) => [`docs/images/${name}.svg`, content]);
  const document = readFileSync(join(root, DOCUMENT), 'utf8');
  return { 'bench/RESULTS.md': results(figures), ...Object.fromEntries(pictures), [DOCUMENT]: filled(document, tables(figures)) };
}

/** A document with tables between `<!-- figures: name -->` and `<!-- end of figures -->`. */
function filled(document, tables) {
  return document.replace(/(<!-- figures: ([a-z-]+) -->\n)[^]*?(<!-- end of figures -->)/g, (all, begin, name, end) =>
    tables[name] === undefined ? all : `${begin}\n${tables[name]}\n\n${end}`,
  );
}
