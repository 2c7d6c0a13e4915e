// bench/RESULTS.md.
import { WORKERS, byWorker } from './figures.mjs';
import { number, table, times } from '../../tools/charts/table.mjs';

// D1's prices beyond what a plan includes, in dollars for a million rows.
const [READ, WRITTEN] = [0.001, 1];

const sections = { endpoint, batches, validator, sizes, starts, cost };

export function results(figures) {
  const head = `# Results

\`npm run bench\` writes this file. Times are medians of interleaved rounds. On a machine that does other work, trust the
ratios, and only large ones. Rows, round trips, statements and sizes are exact.
[docs/performance.md](../docs/performance.md) explains the figures.`;
  const texts = Object.entries(sections).flatMap(([name, section]) => {
    const of = figures[name];
    return of ? `## ${name[0].toUpperCase()}${name.slice(1)}\n\n${source(name, of)}\n\n${section(of.measured)}` : [];
  });
  return `${[head, ...texts].join('\n\n')}\n`;
}

/** The command that reproduces a section, and the machine. */
function source(name, { full, machine: { model, cores, system, node, busyCores } }) {
  const command = `npm run bench -- --only ${name}${full ? ' --full' : ''}`;
  return `\`${command}\` on ${cores} cores of ${model} (${system}), Node ${node}; other work kept ${busyCores} cores busy.`;
}

function endpoint(tables) {
  const texts = tables.map(({ size, rows }) => {
    const all = rows.map((row) => ({ scenario: row.scenario, ...byWorker(row) }));
    const measured = Object.keys(WORKERS).filter((name) => all.some((row) => row[name]));
    const others = measured.filter((name) => name !== 'ours');
    const head = ['Report', ...measured.map((name) => WORKERS[name])];
    const figure = (key, digits) => (row) => [row.scenario, ...measured.map((name) => (row[name] ? number(row[name][key], digits) : '–'))];
    const throughput = table(
      [...head, ...others.map((name) => `÷ ${WORKERS[name]}`)],
      all.map((row) => [
        ...figure('rps', 0)(row),
        ...others.map((name) => (row[name] ? times(row.ours.rps / row[name].rps) : '–')),
      ]),
    );
    const cpu = table(head, all.map(figure('cpu', 0)));
    const single = table(head, all.map(figure('plain', 1)));
    const delayed = table([...head, '÷ Hono'], all.map((row) => [...figure('delayed', 1)(row), times(row.ours.delayed / row.hono.delayed)]));
    const counted = measured.filter((name) => name !== 'floor');
    const sent = table(
      ['Report', ...counted.map((name) => WORKERS[name])],
      all.map((row) => [row.scenario, ...counted.map((name) => `${row[name].trips} (${row[name].statements})`)]),
    );
    return `### ${number(size)} calls

Requests a second, over eight connections:

${throughput}

CPU time of a request in µs, with the local D1:

${cpu}

Milliseconds of a request sent alone:

${single}

The same with 10 ms added to each round trip to the database:

${delayed}

Requests to the database, and their statements in brackets. Hono sends some of its requests at the same time:

${sent}`;
  });
  return `Four Workers, each in a process of its own with workerd and a copy of the same database, without a proxy:

- **${WORKERS.ours}**: this Worker.
- **${WORKERS.hono}**: the same API in idiomatic TypeScript. A query that needs the result of another waits for it.
- **${WORKERS.batch}**: the same API in TypeScript, with the statements of this Worker in one batch.
- **${WORKERS.floor}**: the floor. Plain JavaScript that sends the same batch, without routing or validation, and returns
  the rows. No Worker that sends these statements can be faster.

A Worker called "before" is an earlier build of this one, measured with \`--before <folder>\`.

The first three pass the whole table of cases. The statements are recorded from this Worker before the measurement
(\`bench/peer/statements.mjs\`).

${texts.join('\n\n')}`;
}

function batches({ calls, delay, groups }) {
  const rows = groups.flatMap(({ kind, size, senders }) =>
    senders.map(({ name, rate, delayedRate, trips, statements }) => [
      kind,
      number(size),
      name,
      number(rate),
      times(senders[0].rate / rate),
      delayedRate === null ? '–' : number(delayedRate),
      number(trips),
      number(statements),
    ]),
  );
  return `The same rows in a database of ${number(calls)} calls: in one batch, in one batch to the idiomatic TypeScript Worker, which
looks up and stores one row after the other, and each in a request of its own to this Worker. "Slow" adds ${delay} ms to
each round trip to the database. Database requests and statements are those of all rows. On Cloudflare, the loop would exceed the limit of 1,000
queries a request with 1,000 rows.

${table(['Rows', 'Count', 'Sent as', 'Rows/s', 'Batch ÷ this', 'Rows/s, slow', 'Database requests', 'Statements'], rows)}`;
}

function validator(rows) {
  return `Nanoseconds in Node, with every problem of a report. From text or bytes, the time of the others includes
\`JSON.parse\`. All of them pass the table of cases. ajv and typebox are compiled from the schema of \`/openapi.json\`. Native
is the same function of the crate, from bytes, with the messages of the problems.

${table(
  ['Report', 'ajv', 'typebox', 'zod', 'valibot', 'ours', 'native', 'ours ÷ ajv', 'ours ÷ zod'],
  rows.map(({ name, ajv, typebox, zod, valibot, ours, native }) => [
    name,
    ...[ajv, typebox, zod, valibot, ours, native].map((time) => number(time)),
    times(ours / ajv),
    times(ours / zod),
  ]),
)}`;
}

function sizes(rows) {
  return `JavaScript is minified.

${table(
  ['What', 'KiB, gzip'],
  rows.map(([name, bytes]) => [name, number(bytes / 1024, 1)]),
)}`;
}

function starts({ starts, compilations }) {
  return `From the start of a bare workerd to the first answer, without a database:

${table(
  ['Worker', 'ms'],
  starts.map(({ name, milliseconds }) => [name, number(milliseconds, 1)]),
)}

The WebAssembly files in Node:

${table(
  ['File', 'Compile, ms', 'Instantiate, ms'],
  compilations.map(({ file, compile, instantiate }) => [file, number(compile, 2), number(instantiate, 2)]),
)}`;
}

function cost(measured) {
  const largest = measured.at(-1).rows;
  const counts = measured.map(({ calls }) => number(calls));
  return `Each kind of report in four networks, each with a database of its own, of ${counts.join(', ')} calls. A dense network has a
hundred calls a second, the sparse one a call every 100 seconds. "Some unknown" has a tenth as many calls, and at least
1,000; one in five has no duration. Each call found is the one that a scan of all calls finds. Dollars are for a million
requests at the largest size, at D1's prices of $${READ} per million rows read and $${WRITTEN} per million rows written, beyond
what a plan includes.

${table(
  ['Network', 'Report', 'Round trips', 'Statements', ...counts.map((count) => `Rows read of ${count}`), 'Rows written', '$', 'Time ÷ by id'],
  largest.map(({ network, kind, trips, statements, read, written, ratio }, at) => [
    network,
    kind,
    trips,
    statements,
    ...measured.map(({ rows }) => number(rows[at].read)),
    written,
    number(read * READ + written * WRITTEN, 2),
    times(ratio),
  ]),
)}`;
}
