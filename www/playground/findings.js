// The list of problems and warnings of a request.
import { button, count, element, prose } from '../dom.js';
import { entryOf } from './server.js';

/** The items of the list. `jump` goes to a finding's place, `apply` applies its fix. */
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

/** The label of a fix. */
export const label = ({ fix }) => `Change to ${JSON.stringify(fix)}`;

/** The problems and warnings as diagnostics of the editor. */
export function diagnostics(text, problems, warnings, apply) {
  // A missing member is marked at the start of its object. An empty range is marked at the character next to it.
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

/** The numbers of problems and warnings. */
export const summary = (problems, warnings) => `${count(problems.length, 'problem')}, ${count(warnings.length, 'warning')}`;
