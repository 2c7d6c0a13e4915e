// The columns of a file, each with its parameter and format to be reviewed, and a preview of the first rows.
import { at, element } from '../dom.js';

const ZONES = Intl.supportedValuesOf?.('timeZone') ?? [];
const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Shows the columns of a detected format. Calls `changed` after each change; returns a function that reads the choices. */
export function showColumns({ columns }, parameters, changed) {
  const zones = element('datalist', { id: 'zones' }, ...['UTC', ...ZONES].map((value) => element('option', { value })));
  const rows = columns.map((column, place) => showColumn(column, place, parameters));
  at('columns').replaceChildren(zones, ...rows.map(({ row }) => row));
  at('columns').onchange = ({ target }) => {
    // Only one column holds a parameter.
    for (const { holds, adapt } of rows) {
      if (target.matches('.holds') && holds !== target && holds.value === target.value) holds.value = '';
      if (holds === target || holds.value === '') adapt();
    }
    changed();
  };
  return () => rows.map(({ read }) => read());
}

function showColumn({ name, parameter, cells, ...detected }, place, parameters) {
  const id = `column-${place}`;
  const sections = Object.entries(Object.groupBy(parameters, ({ section }) => section)).map(([label, names]) =>
    element('optgroup', { label }, ...names.map(({ name }) => element('option', { value: name }, name))),
  );
  const holds = element('select', { className: 'holds' }, element('option', { value: '' }, 'Don’t import'), ...sections);
  const format = element('select');
  const zone = element('input', { value: OWN, autocomplete: 'off' });
  zone.setAttribute('list', 'zones');
  const note = element('p', { className: 'note' });
  const written = element('label', {}, 'Format ', format);
  const zoned = element('label', {}, 'Time zone or UTC offset ', zone);
  holds.value = parameter ?? '';

  const chosen = () => parameters.find(({ name }) => name === holds.value) ?? { kind: null, formats: [] };
  const fit = () => {
    const { kind, formats } = chosen();
    written.hidden = formats.length === 0;
    const takesZone = formats.find(({ name }) => name === format.value)?.takes_zone ?? false;
    zoned.hidden = !takesZone;
    const unsure = detected[kind] && !detected[kind].sure && cells.length > 0;
    note.textContent = unsure ? 'The first cells fit more than one format. Check the preview below.' : '';
  };
  const adapt = () => {
    const { kind, formats } = chosen();
    format.replaceChildren(...formats.map(({ name, example }) => element('option', { value: name }, example)));
    if (detected[kind]) format.value = detected[kind].format;
    fit();
  };
  adapt();
  format.addEventListener('change', fit);

  const row = element(
    'div',
    { className: 'column', role: 'group' },
    element(
      'div',
      {},
      element('h3', { id }, name || '(no name)'),
      element('p', { className: 'cells' }, cells.length > 0 ? [...new Set(cells)].join(' · ') : 'empty'),
    ),
    element('label', {}, 'Field ', holds),
    written,
    zoned,
    note,
  );
  row.setAttribute('aria-labelledby', id);
  const read = () => ({
    parameter: holds.value,
    format: format.value,
    zone: zoned.hidden ? '' : zone.value.trim() || 'UTC',
  });
  return { row, holds, adapt, read };
}

/** Shows the first rows: the cells of each, and its request or its problems. */
export function showPreview(rows, names) {
  const cell = (name, text) => [element('dt', {}, name), element('dd', {}, text)];
  const problem = ({ code, column, message }) =>
    element('li', {}, column ? `${column}: ` : '', `${message} `, element('a', { href: `/errors/${code}` }, element('code', {}, code)));
  const after = ({ request, problems }) => {
    const found = problems.length > 0 ? element('ul', { className: 'found' }, ...problems.map(problem)) : '';
    if (request === null) return [found];
    const { search, call_outcome: outcome } = JSON.parse(request);
    const values = Object.entries({ ...search, ...outcome }).flatMap(([name, value]) => cell(name, value || '""'));
    return [element('dl', {}, ...values), found];
  };
  at('preview').replaceChildren(
    ...rows.map(({ line, cells, ...becomes }) =>
      element(
        'li',
        { className: becomes.request === null ? 'wrong' : '' },
        element('h4', {}, `Line ${line}`),
        element('dl', {}, ...cells.flatMap((text, place) => (text && names[place] !== undefined ? cell(names[place], text) : []))),
        element('div', {}, ...after(becomes)),
      ),
    ),
  );
}
