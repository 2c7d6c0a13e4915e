// The playground: a request is written, understood and sent. The rules are the server's own, and so is every name here
// that they know: from the package and from /openapi.json.
import { load } from '/pkg/slim.js';

const [rules, openapi, config] = await Promise.all([load('/pkg/rules.wasm'), json('/openapi.json'), json('/config.json')]);
const [path, { post }] = Object.entries(openapi.paths)[0];
const { schema, examples } = Object.values(post.requestBody.content)[0];
const tokenKey = Object.keys(resolve(schema).properties).at(-1);
const version = openapi.components.parameters.version.example;
const entries = new Map(rules.codes.map((entry) => [entry.code, entry]));
const at = (id) => document.getElementById(id);

async function json(url) {
  return (await fetch(url)).json();
}

function resolve(value) {
  return value.$ref ? value.$ref.split('/').slice(1).reduce((object, name) => object[name], openapi) : value;
}

/** An element with children; text is never markup. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

at('build').textContent =
  config.build === rules.build ? `Page and server hold the same rules (${rules.build})` : 'Page and server hold different rules: reload';

// Examples. Their token goes where a token belongs.
for (const [name, { summary }] of Object.entries(examples)) at('example').append(element('option', { value: name }, summary));
at('example').addEventListener('change', showExample);

function showExample() {
  const { [tokenKey]: token, ...request } = examples[at('example').value].value;
  at('token').value ||= token;
  at('request').value = JSON.stringify(request, null, 2);
  judge();
}

// Switches, as the document names them.
const switches = post.parameters.map(resolve).filter((parameter) => parameter.schema.type === 'boolean');
for (const { name, description } of switches) {
  const box = element('input', { type: 'checkbox', name });
  box.addEventListener('change', judge);
  at('switches').append(element('label', { title: description }, box, ` ${name}`));
}
const isOn = ({ name }) => document.querySelector(`input[name=${name}]`).checked;

at('request').addEventListener('input', judge);

function judge() {
  const options = { ...config, ...Object.fromEntries(switches.map((each) => [each.name, isOn(each)])) };
  const result = rules.validate(at('request').value, options);
  const problems = result.problems ?? [];
  const count = (list, word) => `${list.length} ${word}${list.length === 1 ? '' : 's'}`;
  at('verdict').textContent = `${count(problems, 'problem')}, ${count(result.warnings, 'warning')}`;
  at('request').setAttribute('aria-invalid', String(problems.length > 0));
  at('findings').replaceChildren(
    ...problems.map((problem) => finding(problem, 'problem')),
    ...result.warnings.map((warning) => finding(warning, 'warning')),
  );
  at('curl').textContent = curl();
  at('shared').textContent = '';
  at('normal').textContent = result.ok ? JSON.stringify(result.request, null, 2) : '';
}

function finding({ code, message, fix, line, column, range }, className) {
  const { title, advice } = entries.get(code);
  const jump = element('button', { type: 'button' }, `Line ${line}, column ${column}`);
  jump.addEventListener('click', () => select(range));
  const item = element(
    'li',
    { className },
    element('p', {}, element('strong', {}, message)),
    element('p', {}, ...prose(`${title}. ${advice} `), element('a', { href: `/errors/${code}` }, element('code', {}, code))),
    jump,
  );
  if (fix !== undefined) {
    const apply = element('button', { type: 'button' }, `Write ${JSON.stringify(fix)}`);
    apply.addEventListener('click', () => {
      select(range);
      at('request').setRangeText(JSON.stringify(fix), ...range, 'end');
      judge();
    });
    item.append(apply);
  }
  return item;
}

/** A text of the registry: what stands between backticks is code. */
function prose(text) {
  return text.split('`').map((part, place) => (place % 2 === 1 ? element('code', {}, part) : part));
}

function select(range) {
  at('request').focus();
  at('request').setSelectionRange(...range);
}

document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
});

function target() {
  const query = switches.filter(isOn).map(({ name }) => `${name}=true`);
  return [path.replace('{version}', version), ...(query.length > 0 ? [query.join('&')] : [])].join('?');
}

/** The request for a shell. The token is left to a variable: what is copied is passed on. */
function curl() {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  return `curl -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \\
  -d ${quoted(at('request').value)} \\
  ${quoted(location.origin + target())}`;
}

// A link has the request in its fragment, which no server sees: a version, and the text, compressed. Never a token.
const VERSION = '1.';

async function through(bytes, transform) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}

at('share').addEventListener('click', async () => {
  const text = at('request').value;
  if (text.includes(tokenKey)) {
    at('shared').textContent = 'Take the token out of the request first.';
    return;
  }
  const bytes = await through(text, new CompressionStream('deflate-raw'));
  const encoded = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  history.replaceState(null, '', `#${VERSION}${encoded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`);
  at('shared').textContent = 'The address of this page is the link. What the request says travels in it.';
});

/** The request of the page's address, or nothing. */
async function linked() {
  const fragment = location.hash.slice(1);
  if (!fragment.startsWith(VERSION)) return undefined;
  try {
    const encoded = atob(fragment.slice(VERSION.length).replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(encoded, (character) => character.charCodeAt(0));
    return new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw')));
  } catch {
    return undefined;
  }
}

async function send() {
  const url = target();
  const headers = { 'Content-Type': 'application/json', ...(at('token').value && { Authorization: `Bearer ${at('token').value}` }) };
  const began = performance.now();
  try {
    const response = await fetch(url, { method: 'POST', headers, body: at('request').value });
    const body = JSON.parse(await response.text());
    const told = [...response.headers].filter(([name]) => /^(x-(?!content)|retry)/.test(name));
    at('answer').replaceChildren(
      element('h3', {}, `${response.status} after ${Math.round(performance.now() - began)} ms`),
      element('dl', {}, ...told.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])),
      element('pre', { tabIndex: 0, role: 'region', ariaLabel: 'The answer' }, element('code', {}, JSON.stringify(body, null, 2))),
    );
  } catch (error) {
    at('answer').replaceChildren(element('h3', {}, `No answer: ${error.message}`));
  }
}

showExample();
const text = await linked();
if (text !== undefined) {
  at('request').value = text;
  judge();
}
