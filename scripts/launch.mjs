// Sets up, then runs a script of this folder under the pinned Node: `node scripts/launch.mjs <script> [arguments]`.
// wrangler wants a newer Node than a machine may have.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { main, root } from './run.mjs';
import { pinnedNode, setup } from './setup.mjs';

await main(async () => {
  await setup();
  const [script, ...args] = process.argv.slice(2);
  const child = spawn(pinnedNode, [join(root, 'scripts', script), ...args], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  // An npm that is killed outright passes nothing on: without it a server must not keep its port.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid === parent || child.kill(), 500).unref();
  child.on('exit', (code, signal) => (process.exitCode = code ?? 128 + constants.signals[signal]));
});
