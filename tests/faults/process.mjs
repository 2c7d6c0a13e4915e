// The runtime as a process: its id and its memory. Linux only, as /proc tells them.
import { readFileSync, readdirSync } from 'node:fs';

/** The ids of this process's children. One that was started since `before` is the runtime. */
export function children() {
  const threads = readdirSync('/proc/self/task');
  const text = threads.map((thread) => readFileSync(`/proc/self/task/${thread}/children`, 'utf8')).join(' ');
  return new Set(text.split(' ').filter(Boolean).map(Number));
}

/** Starts a server by `start`, and says which process it is. */
export async function startProcess(start) {
  const before = children();
  const server = await start();
  const [pid] = [...children()].filter((child) => !before.has(child));
  return { ...server, pid };
}

/** The memory that a process holds, in MiB. */
export function residentMiB(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kib) / 1024;
}
