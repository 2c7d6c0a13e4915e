// Refused bodies: every client sees the answer, not a broken connection.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { NETWORK, PATH, start } from '../../tools/harness/server.mjs';

const execute = promisify(execFile);
const TRIES = process.env.FAULTS === 'long' ? 200 : 20;
const KIB = 1_024;
const MIB = 1_024 * KIB;
const SIZES = { '65 KiB': 65 * KIB, '1 MiB': MIB, '4.1 MiB': Math.floor(4.1 * MIB), '15 MiB': 15 * MIB };
const MAX_DISCARDED = 16 * MIB;

let server;
let folder;
before(async () => {
  server = await start();
  folder = await mkdtemp(join(tmpdir(), 'call-outcomes-bodies-'));
});
after(async () => {
  await server?.stop();
  if (folder) await rm(folder, { recursive: true });
});

/** A stream of a text, in chunks as a file would come. */
function stream(text) {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += 65_536)));
    },
  });
}

const PYTHON = `
import http.client, sys, urllib.error, urllib.request
url, path, tries, name = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
body = open(name, 'rb').read()
for _ in range(tries):
    try:
        connection = http.client.HTTPConnection(url.split('//')[1])
        connection.request('POST', path, body)
        print(connection.getresponse().status)
    except Exception as error:
        print(type(error).__name__)
    try:
        urllib.request.urlopen(urllib.request.Request(url + path, data=body))
    except urllib.error.HTTPError as error:
        print(error.code)
    except Exception as error:
        print(type(error).__name__)
`;

const statusOf = (sent) => sent.then(({ status }) => `${status}`, (error) => `${error.cause?.code ?? error}`);
const repeated = async (send) => {
  const statuses = [];
  for (let tried = 0; tried < TRIES; tried += 1) statuses.push(await send());
  return statuses;
};
const clients = {
  'fetch, a text': (path, text) => repeated(() => statusOf(server.request(path, { method: 'POST', body: text }))),
  'fetch, a stream': (path, text) =>
    repeated(() => statusOf(server.request(path, { method: 'POST', body: stream(text), duplex: 'half' }))),
  curl: (path, _, file) => repeated(() => curl(path, file, 'Expect:')),
  'curl that expects 100 Continue': (path, _, file) => repeated(() => curl(path, file, 'Expect: 100-continue')),
  'curl, in chunks': (path, _, file) => repeated(() => curl(path, file, 'Transfer-Encoding: chunked')),
  Python: async (path, _, file) =>
    (await execute('python3', ['-c', PYTHON, server.url, path, `${TRIES}`, file])).stdout.trim().split('\n'),
};

async function curl(path, file, header) {
  const options = ['--silent', '--show-error', '--output', '/dev/null', '--write-out', '%{http_code}', '--header', header];
  const { stdout } = await execute('curl', [...options, '--data-binary', `@${file}`, server.url + path]).catch((error) => error);
  return stdout;
}

describe('a body over the limit', () => {
  for (const [name, size] of Object.entries(SIZES)) {
    // Up to 4 MiB of a list are read.
    const path = size > 4 * MIB ? '/api/2015-08-17/calls' : PATH;
    for (const [client, send] of Object.entries(clients)) {
      test(`${name} by ${client}`, async () => {
        const text = 'x'.repeat(size);
        const file = join(folder, `${size}`);
        await writeFile(file, text);
        const statuses = await send(path, text, file);
        assert.deepEqual(statuses, Array(statuses.length).fill('413'));
        assert.ok(statuses.length >= TRIES);
      });
    }
  }
});

describe('a body of 4 MiB that is refused for another reason', () => {
  const refusals = [
    ['the path', '/api/2015-08-17/nothing', 'POST', '404'],
    ['the method', PATH, 'PATCH', '405'],
    ['the version', '/api/latest/calls', 'POST', '400'],
    ['the token', '/api/2015-08-17/calls', 'POST', '401'],
  ];
  for (const [name, path, method, status] of refusals) {
    test(name, async () => {
      const text = JSON.stringify({ calls: [], padding: 'x'.repeat(4 * MIB - 100) });
      for (const body of [() => ({ body: text }), () => ({ body: stream(text), duplex: 'half' })]) {
        const statuses = await repeated(() => statusOf(server.request(path, { method, ...body() })));
        assert.deepEqual(statuses, Array(TRIES).fill(status));
      }
    });
  }

  test('a body on a route that takes none', async () => {
    const file = join(folder, 'get');
    await writeFile(file, 'x'.repeat(4 * MIB));
    const statuses = await repeated(async () => {
      const options = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--request', 'GET', '--header', 'Expect:'];
      const get = [...options, '--data-binary', `@${file}`, `${server.url}/api/2015-08-17/transactions`];
      return (await execute('curl', get).catch((error) => error)).stdout;
    });
    assert.deepEqual(statuses, Array(TRIES).fill('401'));
  });
});

/** Sends a raw request; returns what the server sends, up to a length or until it closes the connection. */
function raw(parts, end = false) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    let text = '';
    const socket = connect({ host: hostname, port, allowHalfOpen: true }, async () => {
      for (const part of parts) {
        if (socket.destroyed) break;
        if (!socket.write(part)) await new Promise((drained) => socket.once('drain', drained).once('close', drained));
      }
      if (end) socket.end();
    });
    const done = () => {
      socket.destroy();
      const [head, body] = text.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), head, body });
    };
    socket.on('data', (data) => {
      text += data;
      const length = /^Content-Length: (\d+)/im.exec(text);
      if (length && text.split('\r\n\r\n')[1]?.length >= Number(length[1])) done();
    });
    socket.on('end', done);
    socket.on('error', (error) => (text ? done() : reject(error)));
  });
}

const head = (header) => `POST ${PATH} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`;
const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;

describe('a body that breaks off', () => {
  const good = JSON.stringify({ search: { transaction_id: '00000000-00000001' }, call_outcome: { outcome_name: 'Sale' }, oauth_token: NETWORK });
  const chunked = head('Transfer-Encoding: chunked');
  const wrong = {
    'a chunk whose length is no number': [chunked, chunk(good), 'xyz\r\n'],
    'a first chunk whose length is no number': [chunked, '-1\r\n'],
    'a chunk that is longer than it says': [chunked, `5\r\n${good}\r\n0\r\n\r\n`],
    'chunks without an end': [chunked, chunk(good)],
    'fewer bytes than announced': [head(`Content-Length: ${good.length + 1}`), good],
  };
  for (const [name, parts] of Object.entries(wrong)) {
    test(name, async () => {
      const { status, body } = await raw(parts, true);
      assert.deepEqual([status, JSON.parse(body).errors.class], [400, 'ParseError']);
      assert.deepEqual(await server.records(), []);
    });
  }

  test('the next request is served', async () => assert.equal((await server.report(good)).status, 201));
});

describe('a body larger than what is read and discarded', () => {
  const isTooLarge = ({ status, head }) => {
    assert.equal(status, 413);
    assert.match(head, /X-Error-Code: body\.too_large/i);
  };

  test('is answered at once if Content-Length says so', async () => {
    isTooLarge(await raw([head(`Content-Length: ${MAX_DISCARDED + 1}`), '{']));
  });

  test('is answered after the limit if it comes in endless chunks', async () => {
    const large = chunk('x'.repeat(MIB));
    isTooLarge(await raw([head('Transfer-Encoding: chunked'), ...Array(17).fill(large)]));
  });
});
