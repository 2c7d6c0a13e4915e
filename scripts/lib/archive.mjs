// Moves calls without outcomes from the database to the archive in KV, and back. The Worker reads the archive.
//
// There are two kinds of keys, in which `<network>` is the SHA-256 of the network's id:
// - hour:<network>:<Unix hour>:<part>: up to 1,000 calls of an hour, in order of start, for searches by time.
// - ids:<network>:<generation>:<bucket>: the same calls in a hash table by both of their ids. A key for each call would be
//   simpler, but needs a thousand times as many writes, and the time of a look-up would tell whether a call exists.
//
// Every key is written once and read back before the database names it, in the transaction that removes the calls. So
// wherever a run stops, each call is in exactly one of the two places. At worst, some keys are left that nothing names.
import { createHash, randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { whenFree } from './database.mjs';
import { Failure } from './run.mjs';
import { hashOf } from './token-store.mjs';

const HOUR = 3_600_000;
/** How many calls are copied, and held in memory, before any is removed. */
const CHUNK = 50_000;
/** The most calls in a part, and in a transaction of the database. */
const PART = 1_000;
const BATCH = 5_000;
/** The most characters of their JSON: D1 takes values of 2 MB. */
const PART_LENGTH = 250_000;
const BATCH_LENGTH = 500_000;
/** How many calls a bucket holds on average. */
const BUCKET = 64;
/** How many keys are written at the same time, and read in one operation. */
const WRITES = 50;
const BULK = 100;
/** A run that has been silent for so many seconds is taken for dead. */
const DEAD_AFTER = 60;

// In the order in which src/rules/import.rs reads a `StoredCall`.
const COLUMNS = [
  'transaction_id',
  'external_id',
  'start_ms',
  'duration_s',
  'calling_phone',
  'destination_phone',
  'advertiser_id',
  'campaign_id',
];
const [ID, EXTERNAL_ID, START] = [0, 1, 2];
const row = (table) => `json_array(${COLUMNS.map((column) => `${table}.${column}`).join(', ')})`;

const WITHOUT_OUTCOMES = 'NOT EXISTS (SELECT 1 FROM outcomes AS o WHERE o.call_id = c.id)';

const NEXT_NETWORK = 'SELECT min(network_id) AS network FROM calls WHERE network_id > ?1 AND (?2 IS NULL OR network_id = ?2)';

const COUNT = `
  SELECT count(*) AS calls FROM calls AS c INDEXED BY calls_by_start
  WHERE c.network_id = ?1 AND c.start_ms >= ?2 AND c.start_ms < ?3 AND ${WITHOUT_OUTCOMES}`;

const SELECT = `
  SELECT c.id, ${row('c')} AS call FROM calls AS c INDEXED BY calls_by_start
  WHERE c.network_id = ?1 AND (c.start_ms, c.transaction_id) > (?2, ?3) AND c.start_ms < ?4 AND ${WITHOUT_OUTCOMES}
  ORDER BY c.start_ms, c.transaction_id LIMIT ?5`;

// Lists of [id, call as text, part] and [hour, first start, part, last start, calls].
const NAME_PARTS = `
  INSERT INTO archived_hours (network_id, hour, first_ms, part, last_ms, calls)
  SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?2)`;
const REMOVE = `
  DELETE FROM calls WHERE id IN (
    SELECT c.id FROM json_each(?1) AS r CROSS JOIN calls AS c ON c.id = r.value ->> 0
    WHERE ${row('c')} = r.value ->> 1 AND ${WITHOUT_OUTCOMES})`;
// A call that has changed since it was copied, or has an outcome now, stays in the database, and its copy is ignored.
const KEEP = `
  INSERT INTO archived_copies (network_id, start_ms, transaction_id)
  SELECT c.network_id, c.start_ms, c.transaction_id
  FROM json_each(?1) AS r CROSS JOIN calls AS c ON c.id = r.value ->> 0
  WHERE true ON CONFLICT DO UPDATE SET part = NULL`;
// If a call was archived before, the new copy counts.
const RENEW = `
  UPDATE archived_copies SET part = r.value ->> 2
  FROM json_each(?1) AS r
  WHERE archived_copies.network_id = ?2 AND archived_copies.start_ms = (r.value ->> 1) ->> ${START}
    AND archived_copies.transaction_id = (r.value ->> 1) ->> ${ID}
    AND NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.id = r.value ->> 0)`;

const GENERATIONS = `
  SELECT generation, buckets, entries FROM archived_ids WHERE network_id = ?1 ORDER BY generation DESC`;
const NAME_IDS = 'INSERT INTO archived_ids (network_id, generation, buckets, entries) VALUES (?1, ?2, ?3, ?4)';
const FORGET_IDS = 'DELETE FROM archived_ids WHERE network_id = ?1 AND generation IN (SELECT value FROM json_each(?2))';

const ARCHIVED = `
  SELECT network_id AS network, hour, first_ms AS first, part, last_ms AS last, calls FROM archived_hours
  WHERE hour >= ?1 AND hour < ?2 AND (?3 IS NULL OR network_id = ?3) ORDER BY network_id, hour, first_ms, part`;
const COPIES = `
  SELECT transaction_id AS id, part FROM archived_copies WHERE network_id = ?1 AND start_ms BETWEEN ?2 AND ?3`;
const RESTORE = `
  INSERT INTO calls (network_id, ${COLUMNS.join(', ')})
  SELECT ?1, ${COLUMNS.map((_, at) => `value ->> ${at}`).join(', ')} FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING`;
// Lists of [hour, first start, part].
const FORGET_PARTS = `
  DELETE FROM archived_hours WHERE network_id = ?1 AND (hour, first_ms, part) IN (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2))`;
const RETURN_COPIES = `
  UPDATE archived_copies SET part = NULL
  WHERE network_id = ?1 AND start_ms BETWEEN ?2 AND ?3 AND part IN (SELECT value ->> 2 FROM json_each(?4))`;
const FORGET_COPIES = `
  DELETE FROM archived_copies
  WHERE network_id = ?1 AND start_ms BETWEEN ?2 AND ?3
    AND NOT EXISTS (SELECT 1 FROM archived_hours AS a WHERE a.network_id = ?1 AND a.hour = start_ms / ${HOUR})`;

/**
 * Archives the calls without outcomes that started from `from` to before `before` (Unix milliseconds), of one network or
 * of all; returns how many. `progress` is told the count now and then.
 */
export async function archive(DB, ARCHIVE, { before, from = 0, network = null, progress = () => {}, ...sizes }) {
  return exclusively(DB, async (owned) => {
    let archived = 0;
    for await (const one of networks(DB, network)) {
      let after = [from, ''];
      for (;;) {
        const calls = await select(DB, one, after, before, sizes.chunk ?? CHUNK);
        if (calls.length === 0) break;
        after = [calls.at(-1).call[START], calls.at(-1).call[ID]];
        for await (const count of move(DB, ARCHIVE, owned, one, calls, sizes)) progress((archived += count));
      }
    }
    return archived;
  });
}

/** Moves archived calls of whole hours, from `from` to before `before`, back to the database; returns how many. */
export async function restore(DB, ARCHIVE, { before, from = 0, network = null, progress = () => {} }) {
  return exclusively(DB, async (owned) => {
    let restored = 0;
    for (const parts of groups(await archivedParts(DB, { before, from, network }))) {
      const [{ network: one, first }] = parts;
      // In a group, a later part may end before an earlier one.
      const last = Math.max(...parts.map((part) => part.last));
      const copies = await whenFree(() => DB.prepare(COPIES).bind(one, first, last).run());
      const counting = new Map(copies.results.map((copy) => [copy.id, copy.part]));
      const keys = parts.map(({ hour, part }) => hourKey(one, hour, part));
      const values = await readAll(ARCHIVE, keys);
      const calls = parts.flatMap(({ part }, at) => {
        const counts = (call) => !counting.has(call[ID]) || counting.get(call[ID]) === part;
        return JSON.parse(values.get(keys[at])).filter(counts);
      });
      const list = JSON.stringify(parts.map(({ hour, first, part }) => [hour, first, part]));
      const [, { meta }] = await owned([
        DB.prepare(FORGET_PARTS).bind(one, list),
        DB.prepare(RESTORE).bind(one, JSON.stringify(calls)),
        DB.prepare(RETURN_COPIES).bind(one, first, last, list),
        DB.prepare(FORGET_COPIES).bind(one, first, last),
      ]);
      await each(keys, (key) => ARCHIVE.delete(key));
      progress((restored += meta.changes));
    }
    return restored;
  });
}

/** Groups parts of a network, in order of start, as many as fit a transaction and one operation of KV. */
function* groups(parts) {
  let group = [];
  let calls = 0;
  for (const part of parts) {
    const fits = group.length < BULK && calls + part.calls <= PART && group[0]?.network === part.network;
    if (group.length > 0 && !fits) {
      yield group;
      group = [];
      calls = 0;
    }
    group.push(part);
    calls += part.calls;
  }
  if (group.length > 0) yield group;
}

/** How many calls {@link archive} would archive. */
export async function countArchivable(DB, { before, from = 0, network = null }) {
  let count = 0;
  for await (const one of networks(DB, network)) {
    count += (await DB.prepare(COUNT).bind(one, from, before).first()).calls;
  }
  return count;
}

/** The parts that {@link restore} would move back, each with how many `calls` it has. */
export async function archivedParts(DB, { before, from = 0, network = null }) {
  const { results } = await DB.prepare(ARCHIVED).bind(from / HOUR, before / HOUR, network).run();
  return results;
}

/** Runs an action while no other run may. The action gets a function that runs a batch, unless another run has taken over. */
async function exclusively(DB, action) {
  const self = `${hostname()}:${process.pid}`;
  const run = Date.now();
  const last = await whenFree(() => DB.prepare('SELECT run, process, unixepoch() - seen_at AS age FROM archive_runs').first());
  if (last && last.age < DEAD_AFTER && !hasEnded(last.process)) {
    throw new Failure(
      `Another run is in progress: process ${last.process}, active ${last.age} s ago. ` +
        `Try again when it has ended, or ${DEAD_AFTER} s after it was killed.`,
    );
  }
  // Replaces only the run that was seen, so that of two that start at once one fails.
  const { meta } = await whenFree(() =>
    DB.prepare(
      `INSERT INTO archive_runs (id, run, process, seen_at) VALUES (1, ?1, ?2, unixepoch())
       ON CONFLICT DO UPDATE SET run = excluded.run, process = excluded.process, seen_at = excluded.seen_at
       WHERE archive_runs.run = ?3`,
    )
      .bind(run, self, last?.run ?? null)
      .run(),
  );
  if (meta.changes === 0) throw new Failure('Another run has just started. Try again when it has ended.');
  const seen = () => DB.prepare('UPDATE archive_runs SET seen_at = unixepoch() WHERE run = ?1').bind(run);
  // CHECK (id = 1) fails the batch.
  const guard = () =>
    DB.prepare(
      `INSERT INTO archive_runs (id, run, process, seen_at)
       SELECT 2, 0, '', 0 WHERE NOT EXISTS (SELECT 1 FROM archive_runs WHERE run = ?1)`,
    ).bind(run);
  const owned = async (statements) => {
    try {
      return (await whenFree(() => DB.batch([guard(), ...statements]))).slice(1);
    } catch (error) {
      if (!/CHECK constraint failed: id = 1/.test(error.message)) throw error;
      throw new Failure('Another run has taken over, as this one was silent for too long.');
    }
  };
  const alive = setInterval(() => whenFree(() => seen().run()).catch(() => {}), (DEAD_AFTER / 6) * 1000);
  try {
    return await action(owned);
  } finally {
    clearInterval(alive);
    await whenFree(() => DB.prepare('DELETE FROM archive_runs WHERE run = ?1').bind(run).run()).catch(() => {});
  }
}

/** Whether the process of an earlier run has certainly ended: it ran on this machine and no longer exists. */
function hasEnded(name) {
  const [, host, pid] = /^(.*):(\d+)$/.exec(name) ?? [];
  if (host !== hostname()) return false;
  if (Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

async function* networks(DB, only) {
  for (let last = ''; ; ) {
    const { network } = await whenFree(() => DB.prepare(NEXT_NETWORK).bind(last, only).first());
    if (network === null) return;
    yield (last = network);
  }
}

async function select(DB, network, [start, id], before, most) {
  const calls = [];
  while (calls.length < most) {
    const limit = Math.min(BATCH, most - calls.length);
    const statement = DB.prepare(SELECT).bind(network, start, id, before, limit);
    const { results } = await whenFree(() => statement.run());
    for (const { id, call: text } of results) calls.push({ id, text, call: JSON.parse(text) });
    if (results.length < limit) break;
    [start, id] = [calls.at(-1).call[START], calls.at(-1).call[ID]];
  }
  return calls;
}

/** Moves calls, which come in order of start; yields how many were moved, batch by batch. */
async function* move(DB, ARCHIVE, owned, network, calls, { part: most = PART, batch = BATCH, bucket = BUCKET }) {
  const parts = toParts(calls, most);
  await writeAll(
    ARCHIVE,
    parts.map((part) => [hourKey(network, part.hour, part.number), part.calls]),
  );
  const index = await writeIds(DB, ARCHIVE, network, calls, bucket);
  let statements = index.statements;
  for (let at = 0; at < parts.length; ) {
    const taken = [parts[at]];
    let { length } = parts[at];
    let count = parts[at].calls.length;
    for (at += 1; at < parts.length; at += 1) {
      length += parts[at].length;
      count += parts[at].calls.length;
      if (count > batch || length > BATCH_LENGTH) break;
      taken.push(parts[at]);
    }
    const named = taken.map(({ hour, number, calls }) => {
      return [hour, calls[0].call[START], number, calls.at(-1).call[START], calls.length];
    });
    const list = JSON.stringify(taken.flatMap(({ number, calls }) => calls.map(({ id, text }) => [id, text, number])));
    const results = await owned([
      ...statements,
      DB.prepare(NAME_PARTS).bind(network, JSON.stringify(named)),
      DB.prepare(REMOVE).bind(list),
      DB.prepare(KEEP).bind(list),
      DB.prepare(RENEW).bind(list, network),
    ]);
    if (statements.length > 0) await each(index.merged, (key) => ARCHIVE.delete(key));
    yield results[statements.length + 1].meta.changes;
    statements = [];
  }
}

/** Parts of one hour each, with at most so many calls. Their numbers are random, so that no key is ever used again. */
function toParts(calls, most) {
  const parts = [];
  for (const one of calls) {
    const hour = Math.floor(one.call[START] / HOUR);
    const last = parts.at(-1);
    if (last?.hour === hour && last.calls.length < most && last.length < PART_LENGTH) {
      last.calls.push(one);
      last.length += one.text.length;
    } else {
      parts.push({ hour, number: randomInt(2 ** 48 - 1), calls: [one], length: one.text.length });
    }
  }
  return parts;
}

/**
 * Writes the calls as a new generation of the hash table, merged with earlier ones that are not much larger, so that
 * their number grows with the logarithm of the calls. Returns the statements that name it, and the keys of those merged.
 */
async function writeIds(DB, ARCHIVE, network, calls, size) {
  const { results } = await whenFree(() => DB.prepare(GENERATIONS).bind(network).run());
  const generation = Math.max(Date.now(), ...results.map((one) => one.generation + 1));
  let entries = calls.length;
  const merged = [];
  // Only the latest ones: what is merged has to be later than what is not.
  for (const one of results) {
    if (one.entries > 2 * entries) break;
    merged.unshift(one);
    entries += one.entries;
  }
  const byId = new Map();
  const keys = [];
  for (const one of merged) {
    const names = Array.from({ length: one.buckets }, (_, at) => idsKey(network, one.generation, at));
    for (let at = 0; at < names.length; at += BULK) {
      for (const value of (await readAll(ARCHIVE, names.slice(at, at + BULK))).values()) {
        for (const call of JSON.parse(value)) byId.set(call[ID], { call, text: JSON.stringify(call) });
      }
    }
    keys.push(...names);
  }
  for (const one of calls) byId.set(one.call[ID], one);
  const buckets = Math.ceil(byId.size / size);
  const table = Array.from({ length: buckets }, () => new Set());
  for (const one of byId.values()) {
    const { [ID]: id, [EXTERNAL_ID]: externalId } = one.call;
    table[bucketOf(`transaction:${id}`, buckets)].add(one);
    if (externalId !== null) table[bucketOf(`external:${externalId}`, buckets)].add(one);
  }
  await writeAll(
    ARCHIVE,
    table.map((calls, at) => [idsKey(network, generation, at), [...calls]]),
  );
  const numbers = JSON.stringify(merged.map((one) => one.generation));
  const statements = [
    DB.prepare(FORGET_IDS).bind(network, numbers),
    DB.prepare(NAME_IDS).bind(network, generation, buckets, byId.size),
  ];
  return { statements, merged: keys };
}

function bucketOf(text, buckets) {
  return createHash('sha256').update(text).digest().readUInt32BE() % buckets;
}

function hourKey(network, hour, part) {
  return `hour:${hashOf(network)}:${hour}:${part}`;
}

function idsKey(network, generation, bucket) {
  return `ids:${hashOf(network)}:${generation}:${bucket}`;
}

/** Writes lists of calls, and reads them back. */
async function writeAll(ARCHIVE, entries) {
  const values = entries.map(([key, calls]) => [key, `[${calls.map(({ text }) => text).join(',')}]`]);
  await each(values, ([key, value]) => ARCHIVE.put(key, value));
  for (let at = 0; at < values.length; at += BULK) {
    const some = values.slice(at, at + BULK);
    const read = await readAll(
      ARCHIVE,
      some.map(([key]) => key),
    );
    for (const [key, value] of some) {
      if (read.get(key) !== value) throw new Failure(`KV returned \`${key}\` other than it was written. Nothing was removed.`);
    }
  }
}

async function readAll(ARCHIVE, keys) {
  const values = await ARCHIVE.get(keys);
  for (const key of keys) {
    if (typeof values.get(key) !== 'string') throw new Failure(`\`${key}\` is missing in KV.`);
  }
  return values;
}

async function each(items, action) {
  const queue = items.values();
  const work = async () => {
    for (const item of queue) await action(item);
  };
  await Promise.all(Array.from({ length: WRITES }, work));
}
