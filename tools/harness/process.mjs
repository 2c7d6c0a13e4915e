// Finds the process of the runtime, to kill or measure it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { basename } from 'node:path';

/** Starts a server by `start`, and adds the `pid` of its process. */
export async function startProcess(start) {
  let runtime;
  const note = ({ process }) => (runtime = process);
  subscribe('child_process', note);
  try {
    const server = await start();
    if (!basename(runtime?.spawnfile ?? '').startsWith('workerd')) throw new Error(`${runtime?.spawnfile} is not workerd`);
    return { ...server, pid: runtime.pid };
  } finally {
    unsubscribe('child_process', note);
  }
}
