// The runtime as a process, to be killed or measured.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { basename } from 'node:path';

/** Starts a server by `start`, and says which process it is. */
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
