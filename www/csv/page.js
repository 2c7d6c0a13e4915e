// The page for CSV files. It shows its steps one after the other; the web worker does the work. Names, limits, codes and
// texts of the rules come from the server and from the WebAssembly.
import { at, count } from '../dom.js';
import { keep, loaded } from '../kept.js';
import { ask, on } from './ask.js';
import { showColumns, showPreview } from './columns.js';
import { showProblems } from './problems.js';
import { offer } from './sending.js';
import { ENCODINGS } from './text.js';

const json = async (url) => (await fetch(url)).json();
const [config, codes, openapi] = await Promise.all(['/config.json', '/errors.json', '/openapi.json'].map(json));

/** The URL for batches, and their limits. */
const server = (() => {
  const isBatch = ([, { post }]) => post?.operationId === 'post_batch';
  const [path] = Object.entries(openapi.paths).find(isBatch);
  const url = path.replace('{version}', openapi.components.parameters.version.example);
  const { batch_rows: rows, batch_body_bytes: bytes } = config.limits;
  return { url, limits: { rows, bytes } };
})();

const DELIMITERS = { ',': 'Comma', ';': 'Semicolon', '\t': 'Tab', '|': 'Vertical bar' };
const step = (name) => document.querySelector(`[aria-labelledby=step-${name}]`);
let source;
let found;
let readColumns = () => [];
/** The number of the current run. Answers to earlier runs are ignored. */
let run = 0;

at('encoding').append(...ENCODINGS.map((name) => new Option(name.toUpperCase(), name)));
at('delimiter').append(...Object.entries(DELIMITERS).map(([value, name]) => new Option(name, value)));

at('file').addEventListener('change', () => take(at('file').files[0]));
at('take').addEventListener('click', () => take(new File([at('pasted').value], 'Pasted rows')));
at('encoding').addEventListener('change', () => open(at('encoding').value));
at('delimiter').addEventListener('change', () => open(at('encoding').value, at('delimiter').value));

for (const name of ['dragover', 'dragleave', 'drop']) {
  at('drop').addEventListener(name, (event) => {
    event.preventDefault();
    at('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop' && event.dataTransfer.files.length > 0) take(event.dataTransfer.files[0]);
  });
}

function take(file) {
  if (!file) return;
  source = file;
  open();
}

/** Opens the file. The encoding and the delimiter are detected unless they are given. */
async function open(encoding, delimiter) {
  const mine = startOver();
  at('failure').textContent = '';
  try {
    const answer = await ask('open', { source, encoding, delimiter });
    if (mine !== run) return;
    found = answer;
  } catch (error) {
    if (mine !== run) return;
    at('failure').textContent = `Could not read the file: ${error.message}`;
    step('columns').hidden = true;
    return;
  }
  const { guess, build } = found;
  at('build').textContent = config.build === build ? `Page and server use the same rules: build ${build}` : 'Page and server use different rules. Reload the page.';
  const isTable = guess.kind === 'csv';
  at('name').textContent = `${source.name}, ${size(source.size)}, ${isTable ? count(guess.columns.length, 'column') : 'NDJSON, one report per line'}`;
  at('about').hidden = false;
  at('encoding').value = found.encoding;
  at('delimited').hidden = !isTable;
  at('delimiter').value = guess.delimiter;
  at('columns-help').hidden = !isTable;
  readColumns = showColumns(guess, found.choices, preview);
  step('columns').hidden = false;
  await preview();
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function settings() {
  const { guess, encoding } = found;
  const delimiter = guess.kind === 'csv' ? guess.delimiter : undefined;
  return { encoding, delimiter, columns: readColumns(), country: config.default_country_code };
}

/** Starts a new run, and hides the results of the previous one. */
function startOver() {
  ask('stop');
  for (const name of ['problems', 'send']) step(name).hidden = true;
  return (run += 1);
}

async function preview() {
  const mine = startOver();
  const isTable = found.guess.kind === 'csv';
  const names = isTable ? found.guess.columns.map(({ name }) => name) : [undefined, 'report'];
  let [shown, unreadable] = [[], ''];
  try {
    shown = await ask('preview', { settings: settings() });
  } catch (error) {
    unreadable = error.message;
  }
  if (mine !== run) return;
  showPreview(shown, names);
  at('unreadable').textContent = unreadable;
  at('check').disabled = unreadable !== '';
}

at('check').addEventListener('click', async () => {
  const mine = startOver();
  for (const id of ['verdict', 'counted']) at(id).textContent = '';
  at('problems').replaceChildren();
  at('checking').hidden = false;
  step('problems').hidden = false;
  step('problems').scrollIntoView({ block: 'nearest' });
  Object.assign(at('progress'), { max: source.size, value: 0 });
  try {
    const answer = await ask('check', { settings: settings() });
    if (mine === run) show(answer);
  } catch (error) {
    if (mine === run) at('verdict').textContent = `Could not read the whole file: ${error.message}`;
  }
  if (mine === run) at('checking').hidden = true;
});

function show({ stopped, tally, seconds, fingerprint, good, bad }) {
  at('verdict').textContent = `${stopped ? 'Cancelled after ' : ''}${verdict(tally)} ${time(tally.rows, seconds)}`;
  showProblems(tally, codes);
  if (stopped) return;
  link('bad', bad, '.errors.csv', tally.bad);
  link('good', good, '.ndjson', tally.good);
  at('sending').hidden = tally.good === 0;
  offer({ fingerprint, good: tally.good }, server);
  step('send').hidden = false;
}
at('cancel').addEventListener('click', () => ask('stop'));

on('checking', ({ read, counts: [rows, good, bad] }) => {
  at('progress').value = read;
  at('counted').textContent = verdict({ rows, good, bad });
});

const verdict = ({ rows, good, bad }) => `${count(rows, 'row')}: ${count(good, 'valid row')}, ${count(bad, 'invalid row')}.`;
const time = (rows, seconds) => (seconds < 1 ? '' : `${seconds.toFixed(1)} s, ${count(Math.round(rows / seconds), 'row')} per second.`);

function link(id, file, ending, rows) {
  URL.revokeObjectURL(at(id).href);
  Object.assign(at(id), {
    href: URL.createObjectURL(file),
    download: source.name.replace(/(\.errors)?(\.\w+)?$/, ending),
    textContent: count(rows, id === 'bad' ? 'invalid row' : 'valid row'),
  });
  at(id).parentElement.hidden = rows === 0;
}

// The user may have chosen a file before this script was loaded.
take(at('file').files[0]);

// The worker answers when all its modules are loaded.
const ofWorker = await ask('loaded');
await keep([...loaded(), ...ofWorker], () => (at('build').title = 'Available offline'));
