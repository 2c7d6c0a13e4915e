// Sends the good rows. The browser remembers how many rows of a file were sent, by the file's fingerprint.
import { at, count } from '../dom.js';
import { ask, on } from './ask.js';

const REMEMBERED = 'call-outcomes-sent-';

let file;
let done = 0;
let sentHere = false;
let outcomes = new Map();

/** Offers to send the good rows of the file that was checked, which has this name and fingerprint. */
export function offer({ name, fingerprint, good }, server) {
  file = { name, key: REMEMBERED + fingerprint, rows: good, server };
  done = Math.min(Number(localStorage.getItem(file.key) ?? 0), good);
  sentHere = false;
  outcomes = new Map();
  hideFiles();
  at('sent').hidden = true;
  at('counts').textContent = '';
  at('told').textContent = done > 0 ? `Already sent from this browser: ${count(done, 'row')} of this file.` : '';
  label();
}

function hideFiles() {
  for (const id of ['result', 'unsure']) at(id).hidden = true;
}

/** Offers a file for download. */
function give(id, content, download) {
  URL.revokeObjectURL(at(id).href);
  Object.assign(at(id), { href: URL.createObjectURL(content), download });
  at(id).parentElement.hidden = false;
}

function label() {
  const left = file.rows - done;
  at('send').textContent = done === 0 ? `Send ${count(left, 'row')}` : `Continue with the remaining ${count(left, 'row')}`;
  at('send').hidden = left === 0;
  at('again').hidden = done === 0;
  at('pause').hidden = true;
}

async function start(from) {
  if (!at('sending').reportValidity()) return;
  const goesOn = sentHere && from > 0;
  if (!goesOn) outcomes = new Map();
  [done, sentHere] = [from, true];
  for (const id of ['send', 'again']) at(id).hidden = true;
  for (const id of ['pause', 'sent']) at(id).hidden = false;
  hideFiles();
  Object.assign(at('sent'), { max: file.rows, value: done });
  at('told').textContent = 'Sending …';
  let end;
  try {
    const [token, threshold] = ['token', 'threshold'].map((id) => at(id).value);
    const { why, results, unsure } = await ask('send', { from, goesOn, token, threshold, ...file.server });
    give('results', results, 'results.csv');
    if (unsure) {
      give('aside', unsure, file.name.replace(/(\.(errors|unsure))?(\.\w+)?$/, '.unsure.csv'));
      at('aside').textContent = count(outcomes.get('unsure'), 'unsure row');
    }
    end = why ?? 'Sent.';
  } catch (error) {
    end = error.message;
  }
  at('counts').textContent = '';
  at('told').textContent = `${end} ${tell()}`;
  label();
}

on('sending', ({ done: now, outcomes: settled }) => {
  done = now;
  localStorage.setItem(file.key, done);
  for (const outcome of settled) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  at('sent').value = done;
  at('counts').textContent = tell();
  at('told').textContent = '';
});
on('waiting', ({ seconds, isAsked }) => {
  const why = isAsked ? 'The server asked to wait.' : 'The server did not accept the rows.';
  at('told').textContent = `${why} Trying again in ${count(seconds, 'second')}.`;
});

function tell() {
  const number = (matches) => [...outcomes].reduce((sum, [outcome, times]) => sum + (matches(outcome) ? times : 0), 0);
  const created = number((status) => status === 201);
  const failed = number((status) => status >= 400);
  const unsure = outcomes.get('unsure') ?? 0;
  const known = number(() => true) - created - failed - unsure;
  const apart = unsure > 0 ? `, ${unsure} unsure and not stored` : '';
  return `${count(done, 'row')} of ${count(file.rows, 'row')}: ${count(created, 'outcome')} created, ${known} corrected or unchanged, ${failed} refused${apart}.`;
}

at('sending').addEventListener('submit', (event) => {
  event.preventDefault();
  start(done);
});
at('again').addEventListener('click', () => start(0));
at('pause').addEventListener('click', () => ask('stop'));
