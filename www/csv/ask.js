// The worker of the page, as its parts ask it.

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
