// The page for CSV files, step by step. Names, limits, codes and texts of the rules come from the server and from the wasm.
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
/** The number of this run. Answers of earlier runs are out of date. */
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

/** Opens the file, with the encoding and the delimiter that were chosen, or else detected. */
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
  const { format, build } = found;
  at('build').textContent = config.build === build ? `Page and server use the same rules: build ${build}` : 'Page and server use different rules. Reload the page.';
  const isTable = format.kind === 'csv';
  at('name').textContent = `${source.name}, ${size(source.size)}, ${isTable ? count(format.columns.length, 'column') : 'NDJSON, one report per line'}`;
  at('about').hidden = false;
  at('encoding').value = found.encoding;
  at('delimited').hidden = !isTable;
  at('delimiter').value = format.delimiter;
  at('columns-help').hidden = !isTable;
  readColumns = showColumns(format, found.parameters, preview);
  step('columns').hidden = false;
  await preview();
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function settings() {
  const { format, encoding } = found;
  const delimiter = format.kind === 'csv' ? format.delimiter : undefined;
  return { encoding, delimiter, columns: readColumns(), default_country_code: config.default_country_code };
}

/** Begins a run, which makes the results of earlier ones out of date. */
function startOver() {
  ask('stop');
  for (const name of ['problems', 'send']) step(name).hidden = true;
  return (run += 1);
}

async function preview() {
  const mine = startOver();
  const isTable = found.format.kind === 'csv';
  const names = isTable ? found.format.columns.map(({ name }) => name) : [undefined, 'report'];
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

function show({ stopped, summary, seconds, fingerprint, good, bad }) {
  at('verdict').textContent = `${stopped ? 'Cancelled after ' : ''}${verdict(summary)} ${time(summary.rows, seconds)}`;
  showProblems(summary, codes);
  if (stopped) return;
  link('bad', bad, '.errors.csv', summary.bad);
  link('good', good, '.ndjson', summary.good);
  at('sending').hidden = summary.good === 0;
  offer({ name: source.name, fingerprint, good: summary.good }, server);
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
    download: source.name.replace(/(\.(errors|unsure))?(\.\w+)?$/, ending),
    textContent: count(rows, id === 'bad' ? 'invalid row' : 'valid row'),
  });
  at(id).parentElement.hidden = rows === 0;
}

// A file may have been chosen while this module was loading.
take(at('file').files[0]);

// The worker answers once all its modules are loaded. They are kept with those of the page.
const ofWorker = await ask('loaded');
await keep([...loaded(), ...ofWorker], () => (at('build').title = 'Available offline'));
