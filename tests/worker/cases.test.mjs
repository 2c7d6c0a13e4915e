// The table of cases, tests/cases/reports.json, over HTTP. Every other row is sent by PUT, which has the same handler.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkAnswer } from '../../tools/harness/answer.mjs';
import { expand, table } from '../../tools/harness/cases.mjs';
import { PATH, start } from '../../tools/harness/server.mjs';


let server;
before(async () => {
  server = await start();
  // Each row begins without outcomes, so the trigger that prevents deleting them is dropped.
  await server.rows('DROP TRIGGER outcomes_are_kept');
});
after(() => server?.stop());

const topics = Object.groupBy(table, (row) => row.name.split(':')[0]);
for (const [topic, rows] of Object.entries(topics)) {
  test(`${topic}: ${rows.length} cases`, async () => {
    const failures = [];
    for (const row of rows) {
      await check(row).catch((error) => failures.push(`${row.name}\n${error.message}`));
    }
    assert.equal(failures.length, 0, failures.join('\n\n'));
  });
}

test('no two cases have the same name', () => {
  assert.equal(new Set(table.map((row) => row.name)).size, table.length);
});

async function check(row) {
  if (row.stage === 'database') {
    await server.db.batch(['outcomes', 'outcome_names'].map((name) => server.db.prepare(`DELETE FROM ${name}`)));
  }
  for (const body of row.given ?? []) {
    const { status } = await server.report(expand(body));
    assert.ok(status < 500, `what was given: ${status}`);
  }
  const method = table.indexOf(row) % 2 ? 'PUT' : 'POST';
  const body = row.text ?? expand(row.body);
  const foretold = await server.report(body, { method, path: `${PATH}?validate_only=true` });
  const answer = await server.report(body, { method });
  checkDryRun(foretold, answer);

  checkAnswer(row, answer);
  const { cost } = answer;
  assert.equal(cost.trips, row.stage === 'database' ? 1 : 0, 'trips to the database');
  if (row.errors) assert.equal(cost.written, 0, 'rows written');
}

/** Asserts that a dry run writes nothing, gives the same refusal, or says what the report will answer. */
function checkDryRun(foretold, answer) {
  assert.equal(foretold.cost.written, 0, 'rows written by a dry run');
  if (answer.status >= 400) {
    assert.deepEqual([foretold.status, foretold.text], [answer.status, answer.text]);
    return;
  }
  const { call_outcome, call } = answer.json;
  const unchanged = answer.cost.written === 0;
  const { warnings, ...said } = foretold.json;
  // The default is the time of the request, and the clock may have advanced between the two.
  const later = call_outcome.occurred_at_time_t - said.call_outcome.occurred_at_time_t;
  if (later === 1) said.call_outcome.occurred_at_time_t = call_outcome.occurred_at_time_t;
  assert.deepEqual([foretold.status, said], [
    200,
    {
      validate_only: true,
      status: answer.status,
      call_outcome: { ...call_outcome, transaction_id: unchanged ? call_outcome.transaction_id : null },
      call,
    },
  ]);
  assert.equal(warnings?.length ?? 0, answer.warnings.length);
}
