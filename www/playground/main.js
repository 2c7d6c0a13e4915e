// The playground: write a request, see what it means, and send it. It uses the server's rules.
import { createEditor } from '/pkg/editor.js';
import { describeRequest, languages } from './copies.js';
import { at, block, button, element } from '../dom.js';
import { keep, loaded } from '../kept.js';
import { createFields, isObject } from './fields.js';
import * as findings from './findings.js';
import { fragmentOf, textOf } from './link.js';
import { createSending, target } from './sending.js';
import * as server from './server.js';
import { show as showMatch } from './timeline.js';

const { config, rules } = server;

at('build').append(
  ...(config.build === rules.build
    ? [element('span', { className: 'same' }, 'Page and server use the same rules'), `: build ${rules.build}`]
    : [element('span', { className: 'other' }, 'Page and server use different rules. Reload the page.')]),
);

const editor = createEditor(at('editor'), {
  label: 'Request',
  describedBy: 'JSON. Escape, then Tab, leaves the editor.',
  changed: () => judge(),
  keys: {
    'Mod-Enter': () => sending.send(),
    'Mod-Shift-Enter': () => sending.sendTwice(),
    'Mod-.': () => applyFirst(),
  },
});
const fields = createFields(at('fields'), editor, apply);
const isForm = () => document.querySelector('input[name=view]:checked').value === 'form';

// The switches of a report, from the OpenAPI document.
const boxes = server.switches.map(({ name, description }) => {
  const box = element('input', { type: 'checkbox', name });
  box.addEventListener('change', judge);
  at('switches').append(element('label', { title: description }, box, ` ${name}`));
  return box;
});
const thresholds = server.numbers.map(({ name, description, schema: { minimum: min, maximum: max } }) => {
  const field = element('input', { type: 'number', name, min, max, step: 0.001, placeholder: 'off', autocomplete: 'off' });
  field.addEventListener('input', judge);
  at('switches').append(element('label', { title: description }, `${name} `, field));
  return field;
});

/** The switches that are on, each with its value. */
function query() {
  const on = boxes.filter(({ checked }) => checked).map(({ name }) => [name, 'true']);
  return Object.fromEntries([...on, ...thresholds.filter(({ value }) => value !== '').map(({ name, value }) => [name, value])]);
}

function turnOn(query) {
  for (const box of boxes) box.checked = box.name in query;
  for (const field of thresholds) field.value = query[field.name] ?? '';
}

/** How the server matches with these switches: the settings, and whether it refuses a match that is ambiguous. */
function matching() {
  const { unambiguous = false, min_confidence } = query();
  const isValid = thresholds.every((field) => field.checkValidity());
  if (min_confidence === undefined || !isValid) return { settings: config, refuses: unambiguous !== false };
  return { settings: { ...config, min_confidence: Number(min_confidence) }, refuses: true };
}

let latest;

function judge() {
  const options = { ...config, ...Object.fromEntries(boxes.map(({ name, checked }) => [name, checked])) };
  latest = rules.validate(editor.text, options);
  const { problems = [], warnings } = latest;
  at('verdict').textContent = findings.summary(problems, warnings);
  at('verdict').className = problems.length > 0 ? 'bad' : warnings.length > 0 ? 'doubtful' : 'good';
  at('findings').replaceChildren(...findings.items(problems, warnings, { jump, apply }));
  editor.mark(findings.diagnostics(editor.text, problems, warnings, apply));
  editor.note(dates());
  fields.refresh(problems, warnings);
  explain();
  copy();
  at('shared').textContent = '';
}

/** The times in the text as dates, with their places. */
function dates() {
  if (!isObject(editor.text)) return [];
  return server.times.flatMap(([section, name]) => {
    const place = editor.members(section)?.get(name);
    if (!place) return [];
    const date = server.dateOf(section, name, JSON.parse(editor.text.slice(place.from, place.to)));
    return date ? [[place.to, date]] : [];
  });
}

function jump(finding) {
  if (isForm()) fields.focus(finding);
  else editor.select(finding.range);
}

function apply({ range, fix }) {
  editor.replace(range, JSON.stringify(fix));
}

function applyFirst() {
  const all = [...(latest.problems ?? []), ...latest.warnings];
  const finding = all.find(({ fix }) => fix !== undefined);
  if (finding) apply(finding);
}

function explain() {
  at('meaning-none').hidden = latest.ok;
  for (const id of ['match', 'around', 'normal']) at(id).hidden = !latest.ok;
  if (!latest.ok) return;
  match();
  const dated = (section, name, value) => {
    const isTime = server.times.some(([of, time]) => of === section && time === name);
    return isTime ? ['dd', value, element('small', {}, ` ${server.dateText(value)}`)] : ['dd', value ?? 'none'];
  };
  const rows = Object.entries(latest.request).flatMap(([section, members]) => [
    element('h3', {}, element('code', {}, section)),
    element('dl', {}, ...Object.entries(members).flatMap(([name, value]) => {
      const [tag, ...said] = dated(section, name, value === '' ? '""' : value);
      return [element('dt', {}, name), element(tag, {}, ...said)];
    })),
  ]);
  at('normal').replaceChildren(...rows);
}

function match() {
  try {
    const calls = JSON.parse(at('calls').value);
    showMatch(at('match'), latest.request.search, Array.isArray(calls) ? calls : [calls], matching());
  } catch (error) {
    at('match').replaceChildren(element('p', {}, `The calls are not valid JSON: ${error.message}`));
  }
}

at('calls').value = JSON.stringify(server.calls, null, 1);
at('calls').addEventListener('input', () => latest.ok && match());
new ResizeObserver(() => latest?.ok && match()).observe(at('match').parentElement);

// Both views edit the same text.
for (const radio of document.querySelectorAll('input[name=view]')) {
  radio.addEventListener('change', () => {
    at('editor').hidden = isForm();
    at('fields').hidden = !isForm();
  });
}

/** The text without its token, or `undefined` if the token can't be removed. */
function shareable() {
  const text = editor.without(server.tokenKey);
  return text.includes(server.tokenKey) ? undefined : text;
}

function copy() {
  const text = shareable();
  const language = document.querySelector('input[name=language]:checked').value;
  const request = describeRequest(location.origin + target(query()), text ?? '');
  const code = text === undefined ? 'Remove the token from the request first.' : languages[language](request);
  at('code').replaceChildren(block(`The request as ${language}`, code));
}

for (const [place, name] of Object.keys(languages).entries()) {
  const radio = element('input', { type: 'radio', name: 'language', value: name, checked: place === 0 });
  radio.addEventListener('change', copy);
  at('languages').append(element('label', {}, radio, name));
}
at('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(at('code').textContent);
  at('copied').textContent = 'Copied.';
});

at('share').addEventListener('click', async () => {
  const text = shareable();
  const fragment = text === undefined ? undefined : await fragmentOf(text);
  if (fragment === undefined) {
    at('shared').textContent = text === undefined ? 'Remove the token from the request first.' : 'The request is too long for a link.';
    return;
  }
  history.replaceState(null, '', fragment);
  const copied = await navigator.clipboard.writeText(location.href).then(() => true, () => false);
  const where = copied ? 'Link copied.' : 'Copy the link from the address bar.';
  at('shared').textContent = `${where} It contains the request, including phone numbers, but no token.`;
});

const sending = createSending({
  current: () => ({ text: editor.text, query: query() }),
  restore({ text, query }) {
    turnOn(query);
    editor.text = text;
  },
});

// Examples. Their token goes into the field for the token, not into the request.
const wellFormed = Object.entries(server.examples).map(([name, { summary, value }]) => {
  const { [server.tokenKey]: token, ...request } = value;
  return [name, summary, { request: JSON.stringify(request, null, 2), token, query: {} }];
});
const mistaken = server.mistakes.map(({ code, token, query, request }) => {
  const switches = [...new URLSearchParams(query ?? '')].map(([name, value]) => [name, value || 'true']);
  const example = { request, token, query: Object.fromEntries(switches) };
  return [`mistake:${code}`, `${server.entryOf(code).title.replaceAll('`', '')} (${code})`, example];
});
const examples = new Map([...wellFormed, ...mistaken].map(([name, , example]) => [name, example]));
for (const [label, group] of [['Requests', wellFormed], ['Errors and warnings', mistaken]]) {
  const options = group.map(([value, summary]) => element('option', { value }, summary));
  at('example').append(element('optgroup', { label }, ...options));
}
at('example').addEventListener('change', () => showExample(at('example').value));

function showExample(name) {
  const { request, token, query } = examples.get(name);
  at('example').value = name;
  if (server.isDevelopment) at('token').value = token;
  turnOn(query);
  editor.text = request;
}

if (server.isDevelopment) {
  const { token } = examples.values().next().value;
  at('demo').append(button('Use the demo token', () => (at('token').value = token), { className: 'quiet' }));
}

// Shortcuts. In a text field, `?` is a character.
const help = at('help');
at('help-open').addEventListener('click', () => help.showModal());
document.addEventListener('keydown', (event) => {
  const typing = event.composedPath()[0].matches?.('input:not([type=radio], [type=checkbox]), textarea, select, .cm-content');
  if (event.key === '?' && !typing) help.showModal();
  if (event.defaultPrevented || !(event.ctrlKey || event.metaKey)) return;
  if (event.key === 'Enter') event.shiftKey ? sending.sendTwice() : sending.send();
  else if (event.key === '.') applyFirst();
  else return;
  event.preventDefault();
});

async function showAddressed() {
  const mistake = decodeURIComponent(location.hash.slice(1));
  if (examples.has(mistake)) return showExample(mistake);
  const text = await textOf(location.hash);
  if (text !== undefined) editor.text = text;
}

showExample(examples.keys().next().value);
await showAddressed();
addEventListener('hashchange', showAddressed);
document.documentElement.dataset.ready = '';

await keep(loaded(), () => (at('build').lastElementChild.title = 'Available offline'));
