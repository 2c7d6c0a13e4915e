// The SQL finds the same closest call as the specification, on thousands of random searches: ties, window edges, unknown
// durations, milliseconds, and every combination of filters and tokens.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { PATH, start } from '../../tools/harness/server.mjs';

const AT_ONCE = 16;
const root = fileURLToPath(new URL('../..', import.meta.url));
/** The number of searches, the weight of durations, the typical errors of starts and durations, and the threshold. */
const SETTINGS = [
  [1_500, 20, 60, 15, 0.8],
  [500, 0, 60, 15, 0.8],
  [500, 1, 5, 2, 0.5],
  [500, 7, 600, 90, 0.05],
  [500, 1_000, 60, 15, 0.95],
];
const tokenOf = (advertiser) => `token of ${advertiser ?? 'the network'}`;

async function serve(vars, calls) {
  const server = await start({ vars });
  // A network of its own, beside calls of another one at the same times.
  const network_id = 'random';
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  for (const advertiser of [null, '0', '1', '2']) {
    await server.rows(
      "INSERT INTO tokens (hash, network_id, advertiser_id, permissions) VALUES (?1, ?2, ?3, 'outcomes:write')",
      sha256(tokenOf(advertiser)),
      network_id,
      advertiser,
    );
    if (advertiser) await server.rows('INSERT INTO advertisers (network_id, id) VALUES (?1, ?2)', network_id, advertiser);
  }
  for (const campaign of [0, 1, 2, 3, 4, 5]) {
    const statement = 'INSERT INTO campaigns (network_id, id, advertiser_id) VALUES (?1, ?2, ?3)';
    await server.rows(statement, network_id, `${campaign}`, `${campaign % 3}`);
  }
  await server.addCalls(calls.map((call) => ({ ...call, network_id })));
  await server.addCalls(calls.map((call) => ({ ...call, network_id: '4' })));
  return server;
}

for (const [count, weight, startError, durationError, threshold] of SETTINGS) {
  const settings = [count, weight, startError, durationError].map(String);
  test(`${count} searches find the call that the specification names, and say why: weight ${weight}, errors ${startError} and ${durationError} s, threshold ${threshold}`, async () => {
    const command = ['run', '--quiet', '--locked', '--example', 'closest_cases', '--', ...settings];
    const { calls, searches } = JSON.parse(execFileSync('cargo', command, { cwd: root, maxBuffer: 1 << 26 }));
    const [, DURATION_WEIGHT, START_ERROR_SECONDS, DURATION_ERROR_SECONDS] = settings;
    const vars = { DURATION_WEIGHT, START_ERROR_SECONDS, DURATION_ERROR_SECONDS, MIN_CONFIDENCE: `${threshold}` };
    const server = await serve(vars, calls);
    try {
      await compare(server, searches, threshold);
    } finally {
      await server.stop();
    }
  });
}

async function compare(server, searches, threshold) {
  const wrong = [];
  const queue = searches.entries();
  const worker = async () => {
    for (const [index, { token, search, expected, match }] of queue) {
      const report = {
        search,
        call_outcome: { outcome_name: 'Sale', partner_unique_id: `${index}` },
        oauth_token: tokenOf(token),
      };
      const { status, json } = await server.report(report, { path: `${PATH}?explain=true` });
      const found = status === 404 ? null : json.call?.transaction_id;
      const actual = { found, match: json.match };
      const wanted = { found: expected, match: { ...match } };
      // The exponential function differs in its last digit between machines.
      if (Math.abs(json.match.confidence - match.confidence) < 0.0011) {
        wanted.match.confidence = json.match.confidence;
        wanted.match.ambiguous = json.match.confidence < threshold;
      }
      if (!isDeepStrictEqual(actual, wanted)) wrong.push({ token, search, wanted, actual, status });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${searches.length}`);
  const reasons = new Set(searches.map(({ match }) => match.reason ?? match.confidence < threshold));
  assert.deepEqual([...reasons].map(String).sort(), [
    'call.not_found.filtered_out',
    'call.not_found.no_such_number',
    'call.not_found.outside_window',
    'false',
    'true',
  ]);
  const found = searches.filter(({ expected }) => expected !== null).length;
  const many = searches.filter(({ match }) => match.candidates_capped).length;
  assert.ok(many > searches.length / 10 && many < found, `${many} have more candidates than are counted`);
  assert.ok(found > searches.length / 2 && found < searches.length, `${found} found: too easy a set`);
}
