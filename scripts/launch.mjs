// Sets up, then runs a script under the pinned Node, as wrangler needs a newer Node than may be installed. The script's
// path is relative to the repository's root: `node scripts/launch.mjs scripts/commands/start.mjs [arguments]`.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { main, pinnedNode, root } from './lib/run.mjs';
import { setup } from './build/setup.mjs';

await main(async () => {
  await setup();
  const [script, ...args] = process.argv.slice(2);
  const child = spawn(pinnedNode, [join(root, script), ...args], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  // An npm that is killed outright passes nothing on: without it a server must not keep its port.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid === parent || child.kill(), 500).unref();
  child.on('exit', (code, signal) => (process.exitCode = code ?? 128 + constants.signals[signal]));
});
