// HTTP: routes, methods, versions, sizes, tokens and headers.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { NETWORK, PATH, assertError, start } from '../../tools/harness/server.mjs';

const MAX_BODY = 65_536;
const BASE = '/api/2015-08-17';
const search = { transaction_id: '00000000-00000001' };
const call_outcome = { outcome_name: 'Sale' };
const good = { search, call_outcome, oauth_token: NETWORK };
const byTime = { start_time_t: '1435993200', calling_phone_number: '+18885551212' };

let server;
before(async () => (server = await start()));
after(() => server?.stop());

const isAccepted = (answer) => assert.ok([200, 201].includes(answer.status), `${answer.status} ${answer.text}`);
const isNotAuthorized = (answer) => {
  assert.equal(answer.text, '{"errors":{"class":"NotAuthorized","invalid_data":"Invalid or missing oauth token"}}');
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer');
};

describe('routes', () => {
  for (const path of ['/call_outcomes', '/call_outcomes.json', '/3/call_outcomes', '/3/call_outcomes.json']) {
    for (const method of ['POST', 'PUT']) {
      test(`${method} ${path}`, async () => isAccepted(await server.report(good, { path: BASE + path, method })));
    }
  }

  const unknown = [
    '/api',
    '/api/',
    BASE,
    `${BASE}/`,
    '/call_outcomes',
    '/api/call_outcomes',
    `${BASE}/call_outcome`,
    `${BASE}/call_outcomes/`,
    `${BASE}/call_outcomes.xml`,
    `${BASE}/Call_Outcomes`,
    `${BASE}/call_outcomes.json/1`,
    `${BASE}/3/4/call_outcomes`,
    `/API/2015-08-17/call_outcomes`,
    `//api/2015-08-17/call_outcomes`,
    `/v1${PATH}`,
  ];
  for (const path of unknown) {
    test(`there is no ${path}`, async () => {
      const answer = await server.report(good, { path });
      assertError(answer, 404, 'route.not_found', 'RouteNotFound', 'no such route');
      assert.equal(answer.headers.get('Content-Type'), 'application/json');
    });
  }

  test('an unknown path is reported before the method and the version', async () => {
    const answer = await server.report(undefined, { path: '/api/latest/nothing', method: 'DELETE' });
    assertError(answer, 404, 'route.not_found', 'RouteNotFound');
  });

  test('a query is not part of the path', async () => {
    isAccepted(await server.report(good, { path: `${PATH}?source=test&a=%20%ff` }));
  });
});

describe('the network in the path', () => {
  const at = (network, body) => server.report({ ...good, ...body }, { path: `${BASE}/${network}/call_outcomes.json` });
  const isForbidden = (answer) =>
    assertError(answer, 403, 'network_id.forbidden', 'UnauthorizedNetwork', 'You do not have access to this network');

  test('acts as search.network_id', async () => {
    isAccepted(await at('3', { search: byTime }));
    isForbidden(await at('4', { search: byTime }));
    isForbidden(await at('99', { search: byTime }));
  });

  test('is ignored if the search has a transaction id', async () => {
    const answer = await at('4');
    isAccepted(answer);
    assert.deepEqual(answer.warnings, []);
  });

  test('may also be in the body if it is the same', async () => {
    isAccepted(await at('3', { search: { ...byTime, network_id: '3' } }));
    isAccepted(await at('3', { search: { ...byTime, network_id: 3 } }));
    isForbidden(await at('3', { search: { ...byTime, network_id: '4' } }));
    isForbidden(await at('4', { search: { ...byTime, network_id: '3' } }));
    isForbidden(await at('4', { search: { ...byTime, network_id: '4' } }));
  });

  test('does not remove the warning about a search by start time alone', async () => {
    const answer = await at('3', { search: { start_time_t: '1435993200' } });
    isAccepted(answer);
    assert.deepEqual(answer.warnings, ['search.too_broad /search/start_time_t']);
  });

  test('is checked after the advertiser and the campaign, and before the call', async () => {
    const advertiser = await at('4', { search: { ...byTime, advertiser_id_from_network: '99' } });
    assertError(advertiser, 403, 'advertiser_id_from_network.forbidden', 'UnauthorizedAdvertiser');
    isForbidden(await at('4', { search: { start_time_t: '1420000000', calling_phone_number: '+18885551212' } }));
  });
});

describe('methods', () => {
  // The last is unknown to the runtime's binding.
  for (const method of ['DELETE', 'PATCH', 'QUERY']) {
    test(`${method} is not allowed`, async () => {
      const answer = await server.report(good, { method });
      const allow = answer.headers.get('Allow');
      assertError(answer, 405, 'method.not_allowed', 'MethodNotAllowed', `this route takes ${allow}`);
      assert.deepEqual(
        allow.split(', ').filter((name) => ['POST', 'PUT'].includes(name)),
        ['POST', 'PUT'],
      );
      assert.equal(answer.headers.get('Content-Type'), 'application/json');
    });
  }

  test('HEAD is not allowed', async () => {
    const answer = await server.request(PATH, { method: 'HEAD' });
    assert.deepEqual([answer.status, answer.text], [405, '']);
    assert.equal(answer.headers.get('X-Error-Code'), 'method.not_allowed');
    assert.ok(answer.headers.get('Allow'));
  });

  test('the method is reported before the version, the size and the token', async () => {
    const options = { method: 'DELETE', path: '/api/latest/call_outcomes' };
    assert.equal((await server.report('x'.repeat(MAX_BODY + 1), options)).status, 405);
  });
});

describe('versions', () => {
  for (const version of ['2015-08-17', '2000-02-29', '2026-11-23', '1999-12-31']) {
    test(`${version} is served as 2015-08-17`, async () => {
      const answer = await server.report(good, { path: `/api/${version}/call_outcomes.json` });
      isAccepted(answer);
      assert.equal(answer.headers.get('X-Api-Version'), '2015-08-17');
    });
  }

  const wrong = [
    'latest',
    'v1',
    '2015-02-29',
    '2015-13-01',
    '2015-08-32',
    '2015-8-17',
    '20150817',
    '2015-08-17T00',
    '+015-08-17',
  ];
  for (const version of wrong) {
    test(`${version} is not a date`, async () => {
      const answer = await server.report(good, { path: `/api/${version}/call_outcomes.json` });
      assertError(answer, 400, 'version.invalid', 'InvalidApiVersion');
    });
  }

  test('the version is reported before the size, the syntax and the token', async () => {
    const path = '/api/latest/call_outcomes';
    for (const body of ['x'.repeat(MAX_BODY + 1), '{', '{}']) {
      assertError(await server.report(body, { path }), 400, 'version.invalid', 'InvalidApiVersion');
    }
  });

  test('an error has the version header too', async () => {
    const answer = await server.report({ ...good, search: {} });
    assert.deepEqual([answer.status, answer.headers.get('X-Api-Version')], [403, '2015-08-17']);
  });
});

describe('content types', () => {
  const types = [
    'application/json',
    'application/json; charset=utf-8',
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data',
    'x',
    '',
  ];
  for (const type of types) {
    test(`the body is read as JSON with the type: ${type || 'nothing'}`, async () => {
      isAccepted(await server.report(good, { headers: { 'Content-Type': type } }));
    });
  }

  test('the body is read as JSON without a content type', async () => {
    const body = JSON.stringify(good);
    const { status } = await raw(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    assert.ok([200, 201].includes(status));
  });

  test('a missing body is refused', async () => {
    const answer = await server.request(PATH, { method: 'POST' });
    assertError(answer, 400, 'json.syntax', 'ParseError');
  });
});

describe('sizes', () => {
  const isTooLarge = (answer) =>
    assertError(answer, 413, 'body.too_large', 'PayloadTooLarge', 'the body is larger than 65536 bytes');
  const padded = (bytes) => JSON.stringify(good).padEnd(bytes);
  const chunked = (text) => {
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < text.length; at += 10_000) {
          controller.enqueue(new TextEncoder().encode(text.slice(at, at + 10_000)));
        }
        controller.close();
      },
    });
    return server.request(PATH, { method: 'POST', body: stream, duplex: 'half' });
  };

  test('65536 bytes are accepted', async () => isAccepted(await server.report(padded(MAX_BODY))));
  test('65537 bytes are refused', async () => isTooLarge(await server.report(padded(MAX_BODY + 1))));
  test('65536 bytes in chunks are accepted', async () => isAccepted(await chunked(padded(MAX_BODY))));
  test('65537 bytes in chunks are refused', async () => isTooLarge(await chunked(padded(MAX_BODY + 1))));

  test('are measured in bytes, not in characters', async () => {
    const body = (filler) => JSON.stringify({ ...good, filler });
    const left = MAX_BODY - Buffer.byteLength(body(''));
    const pad = 'x'.repeat(left % 2);
    isAccepted(await server.report(body('é'.repeat(left >> 1) + pad)));
    isTooLarge(await server.report(body(`${'é'.repeat(left >> 1)}${pad}x`)));
  });

  test('the size is reported before the syntax and the token', async () => {
    isTooLarge(await server.report('{'.repeat(MAX_BODY + 1)));
    isTooLarge(await server.report(JSON.stringify({}).padEnd(MAX_BODY + 1)));
  });

  test('the next request is served', async () => isAccepted(await server.report(good)));
});

describe('bodies that are not UTF-8', () => {
  const around = (bytes) => Buffer.concat([Buffer.from('{"x":"'), Buffer.from(bytes), Buffer.from('"}')]);
  const wrong = {
    'a byte that never is': around([0xff]),
    'a continuation alone': around([0x80]),
    'Latin-1': around([0xe9]),
    'an overlong slash': around([0xc0, 0xaf]),
    'an overlong U+0000': around([0xc0, 0x80]),
    'a surrogate': around([0xed, 0xa0, 0xbd]),
    'beyond U+10FFFF': around([0xf4, 0x90, 0x80, 0x80]),
    'a character cut off': Buffer.from([...Buffer.from('{"x":"'), 0xf0, 0x9f, 0x98]),
    'a wrong byte behind the object': Buffer.from([0x7b, 0x7d, 0xff]),
  };
  for (const [name, body] of Object.entries(wrong)) {
    test(name, async () => {
      const answer = await server.report(body);
      assertError(answer, 400, 'json.encoding', 'ParseError');
      assert.match(answer.json.errors.invalid_data, /line \d+, column \d+/);
    });
  }

  test('the place is given in characters', async () => {
    const body = Buffer.concat([Buffer.from('{\n"é😀":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    assert.match((await server.report(body)).json.errors.invalid_data, /line 2, column 7$/);
  });

  test('UTF-16 is refused', async () => {
    const answer = await server.report(Buffer.from(JSON.stringify(good), 'utf16le'));
    assert.deepEqual([answer.status, answer.json.errors.class], [400, 'ParseError']);
  });

  test('a byte order mark is refused', async () => {
    const answer = await server.report(`\ufeff${JSON.stringify(good)}`);
    assertError(answer, 400, 'json.syntax', 'ParseError');
    assert.match(answer.json.errors.invalid_data, /line 1, column 1$/);
  });
});

describe('bodies that are extreme', () => {
  for (const opening of ['[', '{"x":', '[{"x":']) {
    test(`nothing but ${opening}`, async () => {
      const answer = await server.report(opening.repeat(MAX_BODY / opening.length));
      assert.deepEqual([answer.status, answer.json.errors.class], [400, 'ParseError']);
    });
  }

  test('thousands of unknown keys are counted', async () => {
    const strays = Array.from({ length: 5000 }, (_, at) => `"k${at}":0`).join();
    const answer = await server.report(`{${strays},${JSON.stringify(good).slice(1)}`);
    isAccepted(answer);
    const warnings = answer.headers.get('X-Warnings').split(', ');
    assert.deepEqual(warnings, [...Array.from({ length: 20 }, (_, at) => `key.unknown /k${at}`), 'more=4980']);
  });

  test('the same key thousands of times', async () => {
    const body = `{"search":{${'"transaction_id":"x",'.repeat(2500)}"transaction_id":"00000000-00000001"},${JSON.stringify({ call_outcome, oauth_token: NETWORK }).slice(1)}`;
    isAccepted(await server.report(body));
  });

  test('long keys keep the warnings within 2 KiB', async () => {
    const strays = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`${at}`.padEnd(250, 'é'), 0]));
    const header = (await server.report({ ...strays, ...good })).headers.get('X-Warnings');
    assert.ok(header.length <= 2048, `${header.length} bytes`);
    assert.match(header, /^key\.unknown .*, more=\d+$/);
    const named = header.split(', ').length - 1;
    assert.equal(Number(header.split('more=')[1]), 10 - named);
  });

  test('a key longer than any name is shortened', async () => {
    const answer = await server.report({ ...good, ['~'.repeat(5000)]: 0 });
    isAccepted(answer);
    assert.deepEqual(answer.warnings, [`key.unknown /${'~0'.repeat(255)}…`]);
  });

  test('a key longer than the space for warnings is counted', async () => {
    const answer = await server.report({ ...good, ['😀'.repeat(5000)]: 0 });
    isAccepted(answer);
    assert.equal(answer.headers.get('X-Warnings'), 'more=1');
  });

  test('no text from a client can break a header', async () => {
    const { head } = await raw(request({ ...good, 'a\r\nX-Evil: 1\r\n\r\n': 0, 'é\u0000\u007f,%': 0 }));
    assert.doesNotMatch(head, /^X-Evil/im);
    const [, warnings] = /^X-Warnings: (.*)$/im.exec(head);
    assert.equal(warnings, 'key.unknown /a%0D%0AX-Evil:%201%0D%0A%0D%0A, key.unknown /%C3%A9%00%7F%2C%25');
  });
});

describe('the token in a header', () => {
  const withHeader = (Authorization, body = {}) =>
    server.report({ search, call_outcome, ...body }, { headers: { Authorization } });

  for (const header of [
    NETWORK,
    ...['Bearer', 'bearer', 'BEARER', 'Token', 'token', 'tOKEN'].map((scheme) => `${scheme} ${NETWORK}`),
  ]) {
    test(`Authorization: ${header}`, async () => isAccepted(await withHeader(header)));
  }

  for (const header of [
    'nobody',
    'Bearer nobody',
    'Token nobody',
    'Bearer',
    'Bearer ',
    'Token',
    '',
    `Basic ${NETWORK}`,
    `Bearer${NETWORK}`,
    `Bearer Bearer ${NETWORK}`,
  ]) {
    test(`not Authorization: ${header}`, async () => isNotAuthorized(await withHeader(header)));
  }

  test('the token in the body takes precedence', async () => {
    isNotAuthorized(await withHeader(NETWORK, { oauth_token: 'nobody' }));
    isNotAuthorized(await withHeader(NETWORK, { oauth_token: 5 }));
    isAccepted(await withHeader('nobody', { oauth_token: NETWORK }));
  });

  test('the header is used if the body has no token', async () => {
    for (const oauth_token of [null, '', ' \t']) isAccepted(await withHeader(NETWORK, { oauth_token }));
  });

  test('an object or array in the body is no token', async () => {
    for (const oauth_token of [{}, [], [NETWORK]]) isNotAuthorized(await withHeader(NETWORK, { oauth_token }));
  });

  test('a token in the URL is ignored', async () => {
    for (const name of ['oauth_token', 'token', 'access_token']) {
      isNotAuthorized(await server.report({ search, call_outcome }, { path: `${PATH}?${name}=${NETWORK}` }));
    }
  });

  test('a missing or unknown token is refused', async () => {
    isNotAuthorized(await server.report({ search, call_outcome }));
    isNotAuthorized(await server.report({ ...good, oauth_token: 'nobody' }));
  });

  test('invalid fields are reported before an unknown token, and after a missing one', async () => {
    assert.equal((await withHeader('nobody', { call_outcome: {} })).status, 403);
    isNotAuthorized(await withHeader('', { call_outcome: {} }));
  });
});

describe('request ids', () => {
  const idOf = async (id, body = good) =>
    (await server.report(body, { headers: id === undefined ? {} : { 'X-Request-Id': id } })).headers.get(
      'X-Request-Id',
    );

  for (const id of ['a', 'Az09._:-', 'x'.repeat(128)]) {
    test(`${id.slice(0, 20)} is adopted`, async () => assert.equal(await idOf(id), id));
  }

  for (const id of ['', 'a b', 'a/b', 'a,b', 'a"b', '<a>', 'é', 'x'.repeat(129)]) {
    test(`${id.slice(0, 20) || 'an empty one'} is not`, async () => {
      const made = await idOf(id);
      assert.notEqual(made, id);
      assert.match(made, /^[A-Za-z0-9._:-]{1,128}$/);
    });
  }

  test('are generated if none was sent, each a different one', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => idOf()));
    assert.equal(new Set(made).size, 20);
  });

  test('are on every answer', async () => {
    const headers = { 'X-Request-Id': 'mine' };
    const answers = await Promise.all([
      server.report('{', { headers }),
      server.report({}, { headers }),
      server.report({ oauth_token: NETWORK }, { headers }),
      server.report('x'.repeat(MAX_BODY + 1), { headers }),
      server.report(good, { headers, method: 'DELETE' }),
      server.report(good, { headers, path: '/nothing' }),
      server.report(good, { headers, path: '/api/x/call_outcomes' }),
      server.report({ ...good, oauth_token: 'nobody' }, { headers }),
      server.report({ ...good, search: { transaction_id: 'x' } }, { headers }),
      server.report({ ...good, call_outcome: { outcome_name: 'Identified' } }, { headers }),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400, 401, 403, 413, 405, 404, 400, 401, 404, 201],
    );
    for (const { headers: sent } of answers) {
      assert.equal(sent.get('X-Request-Id'), 'mine');
      assert.equal(sent.get('Content-Type'), 'application/json');
    }
    for (const { headers: sent } of answers.slice(0, -1)) assert.ok(sent.get('X-Error-Code'));
    assert.equal(answers.at(-1).headers.get('X-Error-Code'), null);
  });
});

function request(body) {
  const text = JSON.stringify(body);
  return `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** Sends bytes over its own socket, and resolves with the head of the first answer. */
function raw(bytes) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const { hostname, port } = new URL(server.url);
  let received = '';
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    received += text;
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    socket.destroy();
    resolve({ status: Number(received.split(' ')[1]), head: received.slice(0, end).replaceAll('\r', '') });
  });
  socket.on('error', reject).on('end', () => reject(new Error('closed without an answer')));
  return promise;
}
