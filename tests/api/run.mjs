// Holds the API to its document with requests made up from it: Schemathesis against a server of the harness. Bounded,
// and the same each time. `npm test` runs it; `tests/api/schemathesis.toml` says what is checked.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NETWORK, start } from '../../tools/harness/server.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [python] = process.argv.slice(2);

const server = await start();
// It keeps what it found, for a next run that is to be like this one.
const folder = await mkdtemp(join(tmpdir(), 'call-outcomes-api-'));
try {
  const options = [
    ['--config-file', here('schemathesis.toml')],
    ['run', here('../../www/openapi.json')],
    ['--url', server.url],
    ['--header', `Authorization: Bearer ${NETWORK}`],
  ].flat();
  const env = { ...process.env, SCHEMATHESIS_HOOKS: here('hooks.py'), PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(python, ['-m', 'schemathesis.cli', ...options], { stdio: 'inherit', cwd: folder, env });
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
