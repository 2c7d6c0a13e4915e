// What is wrong with a request, as a list that leads to its places.
import { button, count, element, prose } from '../dom.js';
import { entryOf } from './server.js';

/** The list's items. `jump` is called with a finding, `apply` with one that has a fix. */
export function items(problems, warnings, { jump, apply }) {
  const item = (kind) => (finding) => {
    const { code, message, fix, line, column } = finding;
    const { title, advice } = entryOf(code);
    const link = element('a', { href: `/errors/${code}` }, element('code', {}, code));
    const actions = [button(`Line ${line}, column ${column}`, () => jump(finding), { className: 'quiet' })];
    if (fix !== undefined) actions.unshift(button(label(finding), () => apply(finding), { className: 'fix' }));
    return element(
      'li',
      { className: kind },
      element('p', {}, element('span', { className: 'kind' }, kind), ' ', element('strong', {}, message)),
      element('p', { className: 'advice' }, ...prose(`${title}. ${advice} `), link),
      element('p', { className: 'actions' }, ...actions),
    );
  };
  return [...problems.map(item('problem')), ...warnings.map(item('warning'))];
}

/** What a fix is called. */
export const label = ({ fix }) => `Write ${JSON.stringify(fix)}`;

/** As the editor marks them in a text. */
export function diagnostics(text, problems, warnings, apply) {
  // What is missing is marked where the object begins that lacks it; a place between characters, at the one beside it.
  const start = ([from, to]) => (from === to && from === text.length ? from - 1 : from);
  const end = ([from, to]) => (from === to || text[from] === '{' ? Math.min(from + 1, text.length) : to);
  const diagnostic = (severity) => (finding) => ({
    from: start(finding.range),
    to: end(finding.range),
    severity,
    message: finding.message,
    source: finding.code,
    actions: finding.fix === undefined ? [] : [{ name: label(finding), apply: () => apply(finding) }],
  });
  const all = [...problems.map(diagnostic('error')), ...warnings.map(diagnostic('warning'))];
  return text === '' ? [] : all;
}

/** How many there are. */
export const summary = (problems, warnings) => `${count(problems.length, 'problem')}, ${count(warnings.length, 'warning')}`;
