// The problems of a file, by kind and by row.
import { at, count, element, prose } from '../dom.js';

/** Shows the summary of a check; `codes` is the registry. */
export function showProblems({ kinds, first, bad }, codes) {
  const entries = new Map(codes.map((entry) => [entry.code, entry]));
  const sorted = kinds.toSorted((one, other) => one.is_warning - other.is_warning || other.count - one.count);
  const shown = [];
  if (kinds.length > 0) shown.push(element('h3', {}, 'By kind'), ...sorted.map((kind) => showKind(kind, entries.get(kind.code))));
  if (first.length > 0) shown.push(element('h3', {}, bad > first.length ? 'By row (the first ones)' : 'By row'), showRows(first));
  at('problems').replaceChildren(...shown);
}

function showKind({ code, is_warning: isWarning, count: number, first }, { title, advice }) {
  const { column } = first[0];
  const examples = first.map(({ line, cell }) =>
    element('li', {}, `line ${line}`, ...(cell ? [': ', element('code', {}, cell)] : [])),
  );
  return element(
    'div',
    { className: isWarning ? 'kind warning' : 'kind' },
    element('p', { className: 'times' }, count(number, isWarning ? 'warning' : 'problem')),
    element(
      'div',
      {},
      element('p', {}, element('strong', {}, ...prose(`${title}.`)), column ? ` Column: ${column}` : ''),
      element('p', {}, ...prose(`${advice} `), element('a', { href: `/errors/${code}` }, element('code', {}, code))),
      element('details', {}, element('summary', {}, number > first.length ? `Show the first ${first.length} rows` : 'Show rows'), element('ul', {}, ...examples)),
    ),
  );
}

function showRows(first) {
  const names = ['Line', 'Column', 'Cell', 'Problem'];
  const rows = first.map(({ line, column, cell, message }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, `${line}`),
      ...[column ?? '', cell ?? '', message].map((text) => element('td', {}, text)),
    ),
  );
  const head = element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name)));
  const table = element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows));
  return element('div', { className: 'scroll rows', tabIndex: 0, role: 'region', ariaLabel: 'Problems by row' }, table);
}
