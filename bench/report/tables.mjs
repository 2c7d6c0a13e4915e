// The tables of docs/performance.md, which tell what its charts show.
import { byWorker, largestEndpoint, rowsRead } from './figures.mjs';
import { number, table, times } from '../../tools/charts/table.mjs';

const contents = { endpoint, 'slow-database': slowDatabase, batches, validator, sizes, 'rows-read': reading, statements };
const SECTIONS = { 'slow-database': 'endpoint', 'rows-read': 'cost', statements: 'cost' };

/** The tables that the figures suffice for, by their names. */
export function tables(figures) {
  const measured = Object.keys(contents).filter((name) => figures[SECTIONS[name] ?? name]);
  return Object.fromEntries(measured.map((name) => [name, contents[name](figures[SECTIONS[name] ?? name])]));
}

function endpoint(figures) {
  const rows = largestEndpoint(figures).rows.map((row) => ({ scenario: row.scenario, ...byWorker(row) }));
  return table(
    ['Report', 'Requests/s', '÷ Hono and zod', '÷ TypeScript with the same batch', '÷ the statements alone'],
    rows.map(({ scenario, ours, hono, batch, floor }) => [
      scenario,
      number(ours.rps),
      ...[hono, batch, floor].map((worker) => (worker ? times(ours.rps / worker.rps) : '–')),
    ]),
  );
}

function slowDatabase(figures) {
  const rows = largestEndpoint(figures).rows.map((row) => ({ scenario: row.scenario, ...byWorker(row) }));
  return table(
    ['Report', 'This Worker, ms', 'Hono and zod, ms', 'Ratio'],
    rows.map(({ scenario, ours, hono }) => [
      scenario,
      number(ours.delayed, 1),
      number(hono.delayed, 1),
      times(ours.delayed / hono.delayed),
    ]),
  );
}

function batches({ measured: { groups } }) {
  return table(
    ['Rows', 'Sent as', 'Rows/s', 'Batch ÷ this', 'Database requests', 'Statements'],
    groups.flatMap(({ kind, size, senders }) =>
      senders.map(({ name, rate, trips, statements }) => [
        `${number(size)} ${kind}`,
        name,
        number(rate),
        times(senders[0].rate / rate),
        number(trips),
        number(statements),
      ]),
    ),
  );
}

function validator({ measured }) {
  return table(
    ['Report', 'This package, ns', '÷ ajv', '÷ typebox', '÷ zod', '÷ valibot'],
    measured.map(({ name, ours, ajv, typebox, zod, valibot }) => [
      name,
      number(ours),
      ...[ajv, typebox, zod, valibot].map((time) => times(ours / time)),
    ]),
  );
}

function sizes({ measured }) {
  return table(
    ['What', 'KiB, gzip'],
    measured.map(([name, bytes]) => [name, number(bytes / 1024, 1)]),
  );
}

function reading(figures) {
  const kinds = rowsRead(figures);
  const sizes = kinds[0].most.map(([calls]) => calls);
  return table(
    ['Search', ...sizes.map((calls) => `${number(calls)} calls`), 'Worst case', 'Time ÷ by id'],
    kinds.map(({ search, least, most, worst }) => [
      search,
      ...most.map(([, rows], at) => (rows === least[at][1] ? number(rows) : `${number(least[at][1])} to ${number(rows)}`)),
      ...(most.at(-1)[1] === least.at(-1)[1] ? ['the same in each network', '–'] : [`${worst.kind}, in "${worst.network}"`, times(worst.ratio)]),
    ]),
  );
}

function statements({ measured }) {
  const rows = measured.at(-1).rows.filter(({ network }) => network === measured.at(-1).rows[0].network);
  const names = {
    'by id': 'a first report, by id',
    'by time': 'a first report, by time',
    'by a common duration': 'a first report, by time and duration',
    'the same again': 'the same report again',
    'a correction': 'a correction',
    'not a report': 'an invalid report',
  };
  return table(
    ['Report', 'Round trips', 'Statements', 'Rows read', 'Rows written'],
    Object.entries(names).map(([name, shown]) => {
      const { trips, statements, read, written } = rows.find(({ kind }) => kind === name);
      return [shown, trips, statements, number(read), written];
    }),
  );
}
