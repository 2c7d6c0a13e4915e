// Runs programs and reports their progress at the terminal. It is loaded before anything is installed, so it has no
// dependencies and runs on any Node.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Node that runs wrangler and the tests. */
export const pinnedNode = join(root, 'node_modules/node/bin/node');

/** The browser that pages are tested in. */
export const chromium = process.env.CHROMIUM || '/usr/bin/chromium';

/** An expected failure: its message says what is wrong and what to do, and is printed without a stack. */
export class Failure extends Error {}

/** Returns the environment for tools that are Node scripts: they run on the pinned Node. */
export function pinnedEnvironment() {
  return { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` };
}

/** Runs a program in the root of the repository. Its output is shown or, with `quiet`, returned. */
export function run(command, args, { quiet = false, env = process.env, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const output = quiet ? 'pipe' : 'inherit';
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', output, output] });
    let stdout = '';
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => ((stdout += text), (said += text)));
    child.stderr?.setEncoding('utf8').on('data', (text) => (said += text));
    child.on('error', (error) => {
      reject(error.code === 'ENOENT' ? new Failure(`\`${command}\` is not installed.`) : error);
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const line = [command.split('/').pop(), ...args].join(' ');
      const end = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
      reject(Object.assign(new Failure(`${said}\`${line}\` ${end}.`), { output: said }));
    });
  });
}

let open;

/**
 * Runs an action and prints its title and how long it took, on one line, or on two if other steps begin meanwhile. Prints to
 * stderr, so that stdout has only the output of the command.
 */
export async function step(title, action) {
  const start = performance.now();
  endLine();
  process.stderr.write(`${title} … `);
  open = title;
  const end = (result) => {
    if (open !== title) endLine();
    process.stderr.write(open === title ? `${result}\n` : `${title}: ${result}\n`);
    open = undefined;
  };
  try {
    const result = await action();
    end(elapsed(start));
    return result;
  } catch (error) {
    end('failed');
    throw error;
  }
}

/** Prints a line, below the line of a step. */
export function say(line) {
  endLine();
  console.log(line);
}

function endLine() {
  if (open !== undefined) process.stderr.write('\n');
  open = undefined;
}

/** Runs several actions at once and waits for all of them. Fails with the messages of all that failed. */
export async function together(...actions) {
  const results = await Promise.allSettled(actions.map((action) => action()));
  const errors = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  const unexpected = errors.find((error) => !(error instanceof Failure));
  if (unexpected) throw unexpected;
  if (errors.length > 0) throw new Failure(errors.map(({ message }) => message).join('\n\n'));
}

/** How long something took since `start`, for people. */
export function elapsed(start) {
  const seconds = (performance.now() - start) / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A size in KiB, for people. */
export function kib(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

/** Whether a module was started as a program rather than imported. */
export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

/** Reads the options of a command with `parseArgs`. A wrong option fails with `help`. */
export function commandLine(config, help) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new Failure(`${error.message}\n\n${help}`);
  }
}

/** Runs a program. On a failure it exits at once, even if something still runs, such as a local database. */
export async function main(action) {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}
