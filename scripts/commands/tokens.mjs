// `npm run tokens`: creates, lists and revokes API tokens.
import { randomBytes } from 'node:crypto';
import { openDatabase, whenFree } from '../lib/database.mjs';
import { Failure, commandLine, main } from '../lib/run.mjs';
import { findTokens, insertToken, knownNetworks, listTokens, revokeToken } from '../lib/token-store.mjs';

const PERMISSIONS = ['outcomes:write', 'outcomes:read', 'calls:write'];

const help = `Usage: npm run tokens -- <command> [options]

  create --network <id>       Makes a token and shows it, this once
    --advertiser <id>           that sees only this advertiser's calls and outcomes (default: the whole network)
    --permissions <list>        that may do only this (default: ${PERMISSIONS.join(',')})
  list                        Shows the tokens by the beginning of their hash
  revoke <token or hash>      Ends a token, given whole or by at least 6 digits of its hash

  --remote                    Works on the deployed database, not the local one
  --help                      Shows this`;

const options = {
  network: { type: 'string' },
  advertiser: { type: 'string' },
  permissions: { type: 'string' },
  remote: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

const commands = { create, list, revoke };

function parse() {
  return commandLine({ options, allowPositionals: true }, help);
}

await main(async () => {
  const {
    values,
    positionals: [command, ...rest],
  } = parse();
  if (values.help) return console.log(help);
  if (!Object.hasOwn(commands, command ?? '')) {
    throw new Failure(`${command ? `There is no command \`${command}\`` : 'A command is missing'}.\n\n${help}`);
  }
  const action = commands[command](values, rest);
  const { DB, close } = await openDatabase({ remote: values.remote });
  try {
    await whenFree(() => action(DB));
  } catch (error) {
    if (!/no such table/.test(error.message)) throw error;
    throw new Failure('The deployed database has no tables yet. Run: npm run deploy');
  } finally {
    await close();
  }
});

// Each command checks what it was given, and returns what to do with the database.

function create({ network, advertiser, permissions }, rest) {
  refuse(rest);
  if (!network) throw new Failure('`create` needs the network: npm run tokens -- create --network 3');
  for (const [name, id] of Object.entries({ network, advertiser })) {
    if (id && id !== id.trim()) throw new Failure(`\`--${name}\` must not have spaces around it.`);
  }
  if (advertiser === '') throw new Failure('`--advertiser` must not be empty.');
  const list = permissions === undefined ? PERMISSIONS : permissions.split(/[\s,]+/).filter(Boolean);
  if (list.length === 0) throw new Failure(`\`--permissions\` must name some of ${PERMISSIONS.join(', ')}.`);
  for (const permission of list) {
    if (PERMISSIONS.includes(permission)) continue;
    throw new Failure(`There is no permission \`${permission}\`, only ${PERMISSIONS.join(', ')}.`);
  }
  return async (DB) => {
    for (const warning of await warningsOf(DB, network, advertiser)) console.error(warning);
    let token;
    do token = randomBytes(32).toString('base64url');
    while (token.startsWith('-')); // `revoke` would take it for an option.
    await insertToken(DB, { token, network, advertiser, permissions: list }).run();
    console.error('This is shown once; only its hash is stored.');
    console.log(token);
  };
}

/** Returns the warnings about a network or an advertiser that is unknown, possibly because of a typo. */
async function warningsOf(DB, network, advertiser) {
  const known = await knownNetworks(DB, network, advertiser);
  const all = known.networks.length > 0 ? `has ${known.networks.join(', ')}` : 'is empty';
  if (!known.network) return [`Warning: network \`${network}\` is not in the directory, which ${all}. If it is not new, revoke this token.`];
  if (advertiser === undefined || known.advertiser) return [];
  return [`Warning: network \`${network}\` has no advertiser \`${advertiser}\` in the directory. If it is not new, revoke this token.`];
}

function list(_, rest) {
  refuse(rest);
  return async (DB) => {
    const rows = await listTokens(DB);
    const header = ['hash', 'network', 'advertiser', 'created', 'revoked', 'permissions'];
    const lines = [header, ...rows.map((row) => header.map((column) => row[column] || '-'))];
    const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
    for (const line of lines) console.log(line.map((text, column) => text.padEnd(widths[column])).join('  '));
  };
}

function revoke(_, [text = '', ...rest]) {
  refuse(rest);
  if (text.length < 6) {
    throw new Failure('`revoke` needs a token, or at least 6 digits of its hash as `list` shows it.');
  }
  return async (DB) => {
    const [hash, ...others] = await findTokens(DB, text);
    if (!hash) throw new Failure('No token has this text or a hash that begins like this.');
    if (others.length > 0) throw new Failure('More than one token has a hash that begins like this: give more digits.');
    const shown = `${hash.slice(0, 12)}…`;
    console.log((await revokeToken(DB, hash)) ? `Revoked ${shown}` : `${shown} was revoked before.`);
  };
}

function refuse([extra]) {
  if (extra !== undefined) throw new Failure(`Unexpected argument \`${extra}\`.\n\n${help}`);
}
