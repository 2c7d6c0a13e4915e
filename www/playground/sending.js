// Sends requests to this server, and keeps a history of them until the page is closed. The token is only in its field.
import { at, block, button, element } from '../dom.js';
import { dateText, endpoint, reading } from './server.js';

/** The maximum number of entries in the history. */
const KEPT = 50;

/** The URL of a request with these switches, each with its value. */
export const target = (query) => [endpoint, new URLSearchParams(query).toString()].filter(Boolean).join('?');

const authorization = () => (at('token').value ? { Authorization: `Bearer ${at('token').value}` } : {});

async function exchange({ text, query }) {
  const began = performance.now();
  const took = () => Math.round(performance.now() - began);
  try {
    const headers = { 'Content-Type': 'application/json', ...authorization() };
    const response = await fetch(target(query), { method: 'POST', headers, body: text });
    const body = await response.text();
    const told = [...response.headers].filter(([name]) => /^(x-(?!content)|retry|ratelimit)/.test(name));
    return { text, query, status: response.status, took: took(), headers: new Map(told), body: JSON.parse(body) };
  } catch (error) {
    return { text, query, failure: error.message, took: took(), headers: new Map() };
  }
}

/** `current` returns the request in the editor. `restore` puts an entry of the history into the editor. */
export function createSending({ current, restore }) {
  const history = [];
  let sending = false;

  /** Sends a request, or several copies one after the other, like a client that got no answer to the first. */
  async function send(request = current(), times = 1) {
    if (sending) return;
    sending = true;
    at('answer').setAttribute('aria-busy', 'true');
    const results = [];
    for (let count = 0; count < times; count += 1) results.push(await exchange(request));
    for (const result of results) remember(result);
    const last = results.at(-1);
    at('answer').replaceChildren(...(times > 1 ? [comparison(results)] : []), ...answer(last), ...(await chain(last)));
    at('answer').setAttribute('aria-busy', 'false');
    sending = false;
  }

  function remember(result) {
    history.unshift({ ...result, at: new Date() });
    history.splice(KEPT);
    const entry = (past) => {
      const name = past.body?.call_outcome?.outcome_name ?? past.body?.errors?.class ?? past.failure;
      const time = past.at.toLocaleTimeString();
      return element(
        'li',
        {},
        status(past),
        element('span', { className: 'what' }, ` ${name} `, element('small', {}, time)),
        button('Send again', () => send(past), { ariaLabel: `Send again (request of ${time})` }),
        button('Edit', () => restore(past), { ariaLabel: `Edit (request of ${time})` }),
      );
    };
    at('history').replaceChildren(...history.map(entry));
    at('past').hidden = false;
  }

  at('send-form').addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  at('twice').addEventListener('click', () => send(current(), 2));
  return { send, sendTwice: () => send(current(), 2) };
}

function status({ status, failure }) {
  const kind = failure ? 'bad' : status < 300 ? 'good' : status < 500 ? 'refused' : 'bad';
  return element('span', { className: `status ${kind}` }, failure ? 'No answer' : String(status));
}

function answer(result) {
  const { took, headers, body, failure } = result;
  const cost = headers.get('x-database-cost')?.split(' ') ?? [];
  const facts = cost.map((fact) => element('li', {}, fact.replace('=', ' ').replaceAll('_', ' ')));
  const heading = element('h3', {}, status(result), ` after ${took} ms`);
  if (failure) return [heading, element('p', {}, failure)];
  const rows = [...headers].flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
  return [
    heading,
    ...(facts.length > 0 ? [element('ul', { className: 'cost', ariaLabel: 'Database cost' }, ...facts)] : []),
    block('Answer', JSON.stringify(body, null, 2)),
    element('details', {}, element('summary', {}, 'Headers'), element('dl', {}, ...rows)),
  ];
}

const dated = (name, value) => (name.endsWith('_time_t') ? element('small', {}, ` ${dateText(value)}`) : '');

/** The result of sending the same request twice. */
function comparison([first, second]) {
  const [one, other] = [first, second].map(({ body }) => body?.call_outcome?.transaction_id);
  const same = one && one === other && second.status === 200;
  const codes = element('span', { className: 'both' }, status(first), ' then ', status(second));
  const said = same
    ? [': the second request changed nothing. Both answers name record ', element('code', {}, one), '.']
    : [': nothing was stored twice.'];
  return element('p', { className: 'comparison' }, codes, ...said);
}

/** All records of the outcome in an answer, oldest first, with the changes of each. */
async function chain({ body, query }) {
  const id = body?.call_outcome?.transaction_id;
  if (!id || 'validate_only' in query) return [];
  const response = await fetch(reading(id), { headers: authorization() }).catch(() => undefined);
  // Reading failed or is not permitted. The answer is shown without its history.
  if (!response?.ok) return [];
  const { history } = await response.json();
  const own = (name) => !name.endsWith('transaction_id');
  const records = history.map((record, place) => {
    const before = history[place - 1];
    const changed = Object.entries(record).filter(([name, value]) => own(name) && (before ? before[name] !== value : value !== ''));
    const rows = changed.flatMap(([name, value]) => [
      element('dt', {}, name),
      element('dd', {}, ...(before?.[name] ? [element('del', {}, before[name]), ' '] : []), element('ins', {}, value || 'cleared'), dated(name, value)),
    ]);
    const now = place === history.length - 1 ? element('span', { className: 'now' }, 'current') : '';
    return element('li', {}, element('p', {}, element('code', {}, record.transaction_id), ' ', now), element('dl', {}, ...rows));
  });
  const title = `Records of this outcome: ${history.length}`;
  return [element('h3', {}, title), element('ol', { className: 'chain', ariaLabel: 'Records of this outcome, oldest first' }, ...records)];
}
