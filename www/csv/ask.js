// Sends commands to the page's worker.

const worker = new Worker('/csv/worker.js', { type: 'module' });
const asked = [];
const listeners = {};

/** Sends a command to the worker; resolves to its answer. */
export function ask(command, options = {}) {
  return new Promise((resolve, reject) => {
    const id = asked.push({ resolve, reject }) - 1;
    worker.postMessage({ command, id, ...options });
  });
}

/** Listens to an event of the worker. */
export const on = (event, listener) => (listeners[event] = listener);

worker.addEventListener('message', ({ data: { id, answer, error, event, ...told } }) => {
  if (event) return listeners[event](told);
  const { resolve, reject } = asked[id];
  delete asked[id];
  if (error === undefined) resolve(answer);
  else reject(new Error(error));
});
