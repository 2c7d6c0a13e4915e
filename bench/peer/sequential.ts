// The peer: an idiomatic Worker on D1. Independent look-ups run in parallel, the rest in sequence.
import { type Answer, type Call, type Record_, refuse, stored } from './answers';
import { type Ask, type Cost, app, newId } from './app';
import type { ById, ByTime, Patch } from './rules';

interface Token {
  network_id: string;
  advertiser_id: string | null;
  permissions: string;
}

interface Candidate extends Call {
  duration_s: number | null;
}

const WINDOW_MS = 86_400_000;
const TRIES = 3;

export default app(
  async (db, ask, cost) => {
    const token = await findToken(db, ask, cost);
    return token ? apply(db, ask, token, cost) : refuse('token.invalid');
  },
  // The token is looked up once, everything else for each row.
  async (db, rows, cost) => {
    const answers: Answer[] = [];
    let token: Token | undefined;
    for (const row of rows) {
      if ('status' in row) {
        answers.push(row);
        continue;
      }
      token ??= await findToken(db, row, cost);
      answers.push(token ? await apply(db, row, token, cost) : refuse('token.invalid'));
    }
    return answers;
  },
);

async function findToken(db: D1Database, ask: Ask, cost: Cost): Promise<Token | undefined> {
  const [token] = await cost.rows<Token>(
    db
      .prepare('SELECT network_id, advertiser_id, permissions FROM tokens WHERE hash = ? AND revoked_at IS NULL')
      .bind(ask.token_hash),
  );
  return token;
}

async function apply(db: D1Database, ask: Ask, token: Token, cost: Cost): Promise<Answer> {
  if (!token.permissions.split(' ').includes('outcomes:write')) return refuse('permission.missing');
  const { search } = ask.report;
  if (search.by === 'id') {
    const call = await findById(db, token, search, cost);
    return call ? upsert(db, ask, token, call, cost) : refuse('call.not_found');
  }
  const [isAdvertiserKnown, campaign, call] = await Promise.all([
    search.advertiser === undefined || isAdvertiser(db, token, search.advertiser, cost),
    search.campaign === undefined ? undefined : findCampaign(db, token, search.campaign, cost),
    findByTime(db, token, search, cost),
  ]);
  if (!isAdvertiserKnown) return refuse('advertiser_id_from_network.forbidden');
  const seesCampaign = campaign && (token.advertiser_id === null || campaign.advertiser_id === token.advertiser_id);
  if (search.campaign !== undefined && !seesCampaign) return refuse('advertiser_campaign_id_from_network.forbidden');
  if ([search.network, ask.path_network].some((network) => network !== undefined && network !== token.network_id)) {
    return refuse('network_id.forbidden');
  }
  const belongs = search.advertiser === undefined || !campaign || campaign.advertiser_id === search.advertiser;
  return call && belongs ? upsert(db, ask, token, call, cost) : refuse('call.not_found');
}

async function isAdvertiser(db: D1Database, token: Token, id: string, cost: Cost): Promise<boolean> {
  if (token.advertiser_id !== null) return false;
  const found = await cost.rows(
    db.prepare('SELECT id FROM advertisers WHERE network_id = ? AND id = ?').bind(token.network_id, id),
  );
  return found.length > 0;
}

async function findCampaign(db: D1Database, token: Token, id: string, cost: Cost) {
  const [campaign] = await cost.rows<{ advertiser_id: string | null }>(
    db.prepare('SELECT advertiser_id FROM campaigns WHERE network_id = ? AND id = ?').bind(token.network_id, id),
  );
  return campaign;
}

async function findById(db: D1Database, token: Token, search: ById, cost: Cost): Promise<Call | undefined> {
  const [call] = await cost.rows<Call & { advertiser_id: string | null }>(
    db
      .prepare(
        'SELECT id, transaction_id, start_ms, advertiser_id FROM calls WHERE network_id = ? AND transaction_id = ?',
      )
      .bind(token.network_id, search.id ?? ''),
  );
  return call && (token.advertiser_id === null || call.advertiser_id === token.advertiser_id) ? call : undefined;
}

/** The nearest start on each side; with a duration, then all calls that could still be closer. */
async function findByTime(db: D1Database, token: Token, search: ByTime, cost: Cost): Promise<Call | undefined> {
  const conditions = ['network_id = ?'];
  const values: string[] = [token.network_id];
  const filters = {
    calling_phone: search.phone,
    campaign_id: search.campaign,
    advertiser_id: search.advertiser ?? token.advertiser_id ?? undefined,
  };
  for (const [column, value] of Object.entries(filters)) {
    if (value === undefined) continue;
    conditions.push(`${column} = ?`);
    values.push(value);
  }
  const select = (between: string, order: string, ...more: number[]) =>
    cost.rows<Candidate>(
      db
        .prepare(
          `SELECT id, transaction_id, start_ms, duration_s FROM calls
           WHERE ${conditions.join(' AND ')} AND ${between} ORDER BY ${order} LIMIT 1`,
        )
        .bind(...values, ...more),
    );
  const { start, duration } = search;
  const [before, after] = await Promise.all([
    select('start_ms BETWEEN ? AND ?', 'start_ms DESC, transaction_id', start - WINDOW_MS, start),
    select('start_ms > ? AND start_ms <= ?', 'start_ms, transaction_id', start, start + WINDOW_MS),
  ]);
  const nearest = [...before, ...after];
  if (nearest.length === 0) return undefined;
  if (duration === undefined) {
    return nearest.reduce((one, other) => (start - one.start_ms <= other.start_ms - start ? one : other));
  }
  const distance = (call: Candidate) =>
    Math.abs(call.start_ms - start) + 1000 * Math.abs((call.duration_s ?? 0) - duration);
  const reach = Math.min(WINDOW_MS, ...nearest.map(distance));
  const [closest] = await select(
    'start_ms BETWEEN ? AND ?',
    'abs(start_ms - ?) + 1000 * abs(coalesce(duration_s, 0) - ?), abs(start_ms - ?), start_ms, transaction_id',
    start - reach,
    start + reach,
    start,
    duration,
    start,
  );
  return closest;
}

async function upsert(db: D1Database, ask: Ask, token: Token, call: Call, cost: Cost): Promise<Answer> {
  const { name, partner_unique_id, patch } = ask.report;
  const key = name.toLowerCase();
  for (let tried = 0; tried < TRIES; tried += 1) {
    const [[current], [shown]] = await Promise.all([
      cost.rows<Record_>(
        db
          .prepare(
            `SELECT transaction_id, corrects_transaction_id, revision, description, occurred_at, sale_cents, value,
                    custom_1, custom_2, custom_3
             FROM outcomes WHERE call_id = ? AND name_key = ? AND partner_unique_id = ?
             ORDER BY revision DESC LIMIT 1`,
          )
          .bind(call.id, key, partner_unique_id),
      ),
      cost.rows<{ display: string }>(
        db.prepare('SELECT display FROM outcome_names WHERE network_id = ? AND key = ?').bind(token.network_id, key),
      ),
    ]);
    const merged = merge(current, patch, ask.now);
    if (current && isSame(current, merged)) {
      return stored(200, current, call, shown?.display ?? name, partner_unique_id);
    }
    const record = {
      ...merged,
      transaction_id: newId(),
      corrects_transaction_id: current?.transaction_id ?? null,
      revision: (current?.revision ?? 0) + 1,
    };
    try {
      const [appended] = await cost.of<{ transaction_id: string }>(
        db.batch([
          db
            .prepare(
              `INSERT INTO outcomes (network_id, transaction_id, corrects_transaction_id, advertiser_id, call_id,
                 name_key, partner_unique_id, revision, description, occurred_at, sale_cents, value,
                 custom_1, custom_2, custom_3)
               SELECT c.network_id, ?2, ?3, c.advertiser_id, c.id, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
               FROM calls AS c
               WHERE c.id = ?1
                 AND NOT EXISTS (SELECT 1 FROM calls WHERE network_id = c.network_id AND transaction_id = ?2)
               RETURNING transaction_id`,
            )
            .bind(
              call.id,
              record.transaction_id,
              record.corrects_transaction_id,
              key,
              partner_unique_id,
              record.revision,
              record.description,
              record.occurred_at,
              record.sale_cents,
              record.value,
              record.custom_1,
              record.custom_2,
              record.custom_3,
            ),
          ...(shown
            ? []
            : [
                db
                  .prepare('INSERT INTO outcome_names (network_id, key, display) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
                  .bind(token.network_id, key, name),
              ]),
        ]),
      );
      if (!appended?.length) continue;
    } catch (error) {
      // Another request came between: its record is the current one now.
      if (String(error).includes('UNIQUE constraint failed: outcomes.')) continue;
      throw error;
    }
    return stored(current ? 200 : 201, record, call, shown?.display ?? name, partner_unique_id);
  }
  return refuse('service.unavailable');
}

type Fields = Omit<Record_, 'transaction_id' | 'corrects_transaction_id' | 'revision'>;

function merge(current: Record_ | undefined, patch: Patch, now: number): Fields {
  return {
    description: patch.description ?? current?.description ?? '',
    occurred_at: patch.occurred_at ?? current?.occurred_at ?? now,
    sale_cents: patch.sale_cents === undefined ? (current?.sale_cents ?? null) : patch.sale_cents,
    value: patch.value === undefined ? (current?.value ?? 1) : Number(patch.value),
    custom_1: patch.custom_1 ?? current?.custom_1 ?? '',
    custom_2: patch.custom_2 ?? current?.custom_2 ?? '',
    custom_3: patch.custom_3 ?? current?.custom_3 ?? '',
  };
}

function isSame(current: Record_, merged: Fields): boolean {
  return (Object.keys(merged) as (keyof Fields)[]).every((field) => current[field] === merged[field]);
}
