// Packs the built package (`npm run build:package`) as it would be published, and installs it in empty projects.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launch, tool, tools } from '../../tools/harness/browser.mjs';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

export const dist = join(root, 'package/dist');

export { tool };

/** The path of a program that the package is tested with. */
export const program = (name) => join(tools, 'node_modules/.bin', name);

const directory = await mkdtemp(join(tmpdir(), 'call-outcomes-package-'));
after(() => rm(directory, { recursive: true, force: true }));

const npm = (args, cwd) => run('npm', [...args, '--offline', '--loglevel=error'], cwd);

const [{ filename, files }] = JSON.parse(await npm(['pack', dist, '--json', '--pack-destination', directory], directory));

export const tarball = join(directory, filename);

/** The files in the tarball. */
export const packed = files.map(({ path }) => path).sort();

/** Runs a program and returns what it prints. */
export async function run(command, args, cwd) {
  try {
    const { stdout } = await execute(command, args, { cwd, maxBuffer: 1 << 24 });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}${error.stderr}`);
  }
}

/** Creates a folder for files of a test. */
export const scratch = () => mkdtemp(join(directory, 'scratch-'));

/** Creates a project with the package and these files, and returns its folder. */
export async function project(content) {
  const folder = await mkdtemp(join(directory, 'project-'));
  await write(folder, { 'package.json': '{"private":true,"type":"module"}', ...content });
  await npm(['install', tarball, '--no-audit', '--no-fund'], folder);
  return folder;
}

export async function write(folder, content) {
  for (const [name, text] of Object.entries(content)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** The content security policy of the site: nothing inline, and nothing from other sites. */
const headers = await readFile(join(root, 'www/_headers'), 'utf8');
const [, policy] = /Content-Security-Policy: (.+)/.exec(headers);

const servers = [];
after(() => servers.forEach((server) => server.close().closeAllConnections()));

/**
 * Serves a folder on a loopback port, under the site's policy. `post` answers what forms post. Returns the
 * origin.
 */
export async function serve(folder, post) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    response.setHeader('Content-Security-Policy', policy);
    if (request.method === 'POST') return post(request, response);
    const path = join(folder, pathname);
    if (!existsSync(path) || !extname(path)) return response.writeHead(404).end();
    response.setHeader('Content-Type', TYPES[extname(path)] ?? 'text/plain');
    response.end(await readFile(path));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return { origin: `http://127.0.0.1:${server.address().port}` };
}

let browser;
after(() => browser?.close());

/** Opens a page in Chromium. `errors` collects what it logs as errors. */
export async function open(url) {
  if (!browser) {
    // For the browser this site is not on this machine, so without HTTPS it may do less.
    const elsewhere = '--host-resolver-rules=MAP elsewhere.test 127.0.0.1';
    browser = await launch({ args: ['--disable-background-networking', '--disable-component-update', elsewhere] });
  }
  const page = await browser.newPage();
  // Everything that tests wait for happens, but later on a busy machine.
  page.setDefaultTimeout(300_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(url);
  return { page, errors };
}
