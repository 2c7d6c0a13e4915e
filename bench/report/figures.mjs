// What several files make of the figures.

/** The Workers of the endpoint's section, by what they are. */
export const WORKERS = {
  ours: 'call-outcomes',
  hono: 'Hono, zod',
  batch: 'TypeScript, one batch',
  floor: 'the statements alone',
  before: 'before',
};

/**
 * The figures of a kind of report, by Worker. The floor has none of a refusal, and an
 * earlier build is measured only on request. */
export const byWorker = ({ workers }) =>
  Object.fromEntries(Object.entries(WORKERS).map(([key, name]) => [key, workers.find((worker) => worker.name === name)]));

/** The table of the endpoint with the most calls. */
export const largestEndpoint = ({ measured }) => measured.reduce((one, other) => (other.size > one.size ? other : one));

const WORST = 'by a';

/** Kinds of reports that read alike, in the order of what they read. */
const searches = {
  'by id': ({ kind }) => kind === 'by id',
  'by time, with or without a number': ({ kind }) => kind === 'by time' || kind === 'by time and number',
  'by number and duration': ({ kind }) => kind === 'by number and duration',
  'by duration': ({ kind }) => kind.startsWith(WORST),
};

/**
 * The rows read by each kind of search, as pairs of calls and rows: the least and the most of all networks with so many
 * calls, and where the most is read with the largest number of calls.
 */
export function rowsRead({ measured }) {
  const all = measured.flatMap(({ rows }) => rows);
  return Object.entries(searches).map(([search, belongs]) => {
    const rows = all.filter(belongs);
    const sizes = [...new Set(rows.map(({ calls }) => calls))].sort((one, other) => one - other);
    const ofSize = (calls) => rows.filter((row) => row.calls === calls);
    const least = sizes.map((calls) => [calls, Math.min(...ofSize(calls).map(({ read }) => read))]);
    const most = sizes.map((calls) => [calls, Math.max(...ofSize(calls).map(({ read }) => read))]);
    const worst = ofSize(sizes.at(-1)).reduce((one, other) => (other.read > one.read ? other : one));
    return { search, least, most, worst };
  });
}
