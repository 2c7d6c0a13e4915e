// What the parts of the page have in common: elements, and the worker.

export const at = (id) => document.getElementById(id);

/** An element with children; text is never markup. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A text of the registry: what stands between backticks is code. */
export const prose = (text) =>
  text.split('`').map((part, place) => (place % 2 === 1 ? element('code', {}, part) : part));

const numbers = new Intl.NumberFormat('en');
export const count = (number, word) => `${numbers.format(number)} ${word}${number === 1 ? '' : 's'}`;

const worker = new Worker('/csv/worker.js', { type: 'module' });
const asked = [];
const listeners = {};

/** What the worker answers to a command. */
export function ask(command, options = {}) {
  return new Promise((resolve, reject) => {
    const id = asked.push({ resolve, reject }) - 1;
    worker.postMessage({ command, id, ...options });
  });
}

/** Calls back with what the worker tells without being asked. */
export const on = (event, listener) => (listeners[event] = listener);

worker.addEventListener('message', ({ data: { id, answer, error, event, ...told } }) => {
  if (event) return listeners[event](told);
  const { resolve, reject } = asked[id];
  delete asked[id];
  if (error === undefined) resolve(answer);
  else reject(new Error(error));
});
