// The examples in the documents: each request is answered as the document shows.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ID, start } from '../../tools/harness/server.mjs';

const ORIGIN = 'http://127.0.0.1:8787';
const execute = promisify(execFile);
const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The blocks of code, with their language; and the headings, which have none. */
const parts = (text) => [...text.matchAll(/^```(\w+)\n([^]*?)\n```$|^#+ .+$/gm)].map(([, language, code]) => ({ language, code }));

/** Each block of requests with the answer that follows under the same heading, if there is one. */
function examples(text) {
  const all = parts(text);
  return all.flatMap(({ language, code }, at) => {
    if (language !== 'sh' || !/^curl/m.test(code)) return [];
    const next = all[at + 1];
    const isAnswer = next && ['json', 'http'].includes(next.language);
    return [{ code, answer: isAnswer ? next.code : undefined }];
  });
}

/** Runs commands of a document against a server, and returns what they print. */
async function run(code, { url }) {
  const { stdout } = await execute('bash', ['-euc', code.replaceAll(ORIGIN, url).replaceAll(/^curl/gm, 'curl -sS')]);
  return stdout;
}

/** A body without what differs each time: ids that the server made, and times that were not sent. */
function settled(text) {
  return JSON.parse(text, (name, value) => {
    if (['transaction_id', 'corrects_transaction_id'].includes(name) && ID.test(value) && !value.startsWith('00000000')) return 'an id';
    if (name === 'occurred_at_time_t' && Number(value) > 1_700_000_000) return 'now';
    return value;
  });
}

const body = (answer) => answer.split(/\r?\n\r?\n/).at(-1);

/** The headers that an answer shows; the status is the first. */
function headers(answer) {
  const [head, ...rest] = answer.split(/\r?\n\r?\n/);
  return rest.length === 0 ? [] : head.split(/\r?\n/).map((line) => line.toLowerCase());
}

/** The documents, and what is sent before one's first example: that of another. */
const documents = {
  'README.md': [],
  'docs/api/reports.md': [],
  'docs/api/batches.md': ['docs/api/reports.md'],
  'docs/api/reading.md': ['docs/api/reports.md'],
  'docs/api/importing.md': [],
  'docs/api/errors.md': [],
  'docs/operations.md': [],
};

for (const [path, before] of Object.entries(documents)) {
  describe(path, () => {
    test('the requests are answered as shown', async () => {
      const server = await start({ vars: { ALLOWED_ORIGINS: 'https://crm.example' } });
      try {
        for (const other of before) for (const { code } of examples(await read(other))) await run(code, server);
        const all = examples(await read(path));
        assert.ok(all.length > 0);
        for (const { code, answer } of all) {
          const shown = answer && headers(answer);
          const printed = await run(answer && shown.length > 0 ? code.replaceAll(/^curl/gm, 'curl -i') : code, server);
          assert.doesNotMatch(printed, /"class":"(NotAuthorized|ParseError|RouteNotFound|InternalServiceError)"/, code);
          if (!answer) continue;
          assert.deepEqual(settled(body(printed)), settled(body(answer)), code);
          const sent = headers(printed);
          for (const line of shown) assert.ok(sent.includes(line), `${line} is not in\n${sent.join('\n')}`);
        }
      } finally {
        await server.stop();
      }
    });
  });
}

test('the error body shown is that of its request', async () => {
  const server = await start();
  try {
    const shown = parts(await read('docs/api/errors.md')).find(({ language }) => language === 'json');
    const answer = await server.report({
      search: {},
      call_outcome: { outcome_name: 'Sale', sale_amount: '1,000.00' },
      oauth_token: 'demo-network-token',
    });
    assert.equal(answer.text, shown.code);
  } finally {
    await server.stop();
  }
});
