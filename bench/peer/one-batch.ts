// Our design in TypeScript: the statements that our Worker sends (statements.mjs), in one batch.
import statements from 'recorded:statements';
import { type Record_, refuse, stored } from './answers';
import { type Ask, app, newId } from './app';
import type { ByTime } from './rules';

const WINDOW_MS = 86_400_000;
const TRIES = 3;

type Row = [
  transaction_id: string,
  corrects_transaction_id: string | null,
  revision: number,
  description: string,
  occurred_at: number,
  sale_cents: number | null,
  value: number,
  custom_1: string,
  custom_2: string,
  custom_3: string,
];

type Facts = [
  at: number,
  network_id: string,
  advertiser_id: string | null,
  permissions: string,
  advertiser_known: number | null,
  campaign_visible: number,
  call_id: number | null,
  call_transaction_id: string | null,
  call_start_ms: number | null,
  call_duration_s: number | null,
  current: Row | null,
  display: string | null,
];

export default app(async (db, ask, cost) => {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const statements = prepare(db, ask, newId());
    let results;
    try {
      results = await cost.of<{ json: string }>(db.batch(statements));
    } catch (error) {
      if (/UNIQUE constraint failed|conflict: /.test(String(error))) continue;
      throw error;
    }
    const [before, appended] = results.map(([row]) => (row?.json === undefined ? undefined : JSON.parse(row.json)));
    if (!before) return refuse('token.invalid');
    const refusal = refusalOf(ask, before as Facts);
    if (refusal) return refuse(refusal);
    const [, , , , , , id, transaction_id, start_ms, , currentRow, display] = before as Facts;
    if (id === null || transaction_id === null || start_ms === null) return refuse('call.not_found');
    const row = (appended ?? currentRow) as Row | null;
    if (!row) continue;
    const record = toRecord(row);
    const { name, partner_unique_id } = ask.report;
    const status = appended && record.revision === 1 ? 201 : 200;
    return stored(status, record, { id, transaction_id, start_ms }, display ?? name, partner_unique_id);
  }
  return refuse('service.unavailable');
});

function refusalOf({ report: { search }, path_network }: Ask, facts: Facts) {
  const [, network_id, advertiser_id, permissions, advertiser_known, campaign_visible] = facts;
  if (!permissions.split(' ').includes('outcomes:write')) return 'permission.missing';
  if (search.by === 'id') return undefined;
  if (search.advertiser !== undefined && (advertiser_id !== null || !advertiser_known)) {
    return 'advertiser_id_from_network.forbidden';
  }
  if (search.campaign !== undefined && !campaign_visible) return 'advertiser_campaign_id_from_network.forbidden';
  const isForeign = (network?: string) => network !== undefined && network !== network_id;
  return isForeign(search.network) || isForeign(path_network) ? 'network_id.forbidden' : undefined;
}

function toRecord(row: Row): Record_ {
  const [transaction_id, corrects_transaction_id, revision, description, occurred_at, sale_cents, value, ...custom] = row;
  const [custom_1, custom_2, custom_3] = custom;
  return {
    transaction_id,
    corrects_transaction_id,
    revision,
    description,
    occurred_at,
    sale_cents,
    value,
    custom_1,
    custom_2,
    custom_3,
  };
}

function prepare(db: D1Database, ask: Ask, candidate: string): D1PreparedStatement[] {
  const { report } = ask;
  const { search } = report;
  const { value, ...patch } = report.patch;
  const values: Record<string, string | number | null | undefined> = {
    token: ask.token_hash,
    name: report.name,
    candidate,
    patch: JSON.stringify({ ...patch, value: value === undefined ? undefined : Number(value) }),
    now: ask.now,
    name_key: report.name.toLowerCase(),
    partner_unique_id: report.partner_unique_id,
  };
  if (search.by === 'id') values.transaction_id = search.id;
  else {
    Object.assign(values, {
      path_network_id: ask.path_network,
      start: search.start,
      earliest: search.start - WINDOW_MS,
      latest: search.start + WINDOW_MS,
      calling_phone: search.phone,
      duration: search.duration,
      advertiser_id: search.advertiser,
      campaign_id: search.campaign,
      network_id: search.network,
    });
  }
  const names = search.by === 'id' ? ['transaction_id'] : ['start_time_t', ...sentBy(search)];
  return (statements[names.sort().join()] ?? []).map(({ sql, sources }) =>
    db.prepare(sql).bind(...sources.map(({ name, constant }) => (name === undefined ? constant : (values[name] ?? null)))),
  );
}

/** The parameters of a search by time that has a statement of its own. */
function sentBy(search: ByTime): string[] {
  const sent = {
    calling_phone_number: search.phone,
    duration_in_seconds: search.duration,
    advertiser_id_from_network: search.advertiser,
    advertiser_campaign_id_from_network: search.campaign,
  };
  return Object.entries(sent).flatMap(([name, value]) => (value === undefined ? [] : name));
}
