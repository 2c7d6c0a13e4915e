// The same design as ours in TypeScript: our statements, in one batch.
import access from '../../src/worker/store/sql/match/access.sql';
import append from '../../src/worker/store/sql/report/append.sql';
import byId from '../../src/worker/store/sql/match/by_id.sql';
import campaign from '../../src/worker/store/sql/match/campaign.sql';
import closest from '../../src/worker/store/sql/match/closest.sql';
import closestOfNetwork from '../../src/worker/store/sql/match/closest_of_network.sql';
import current from '../../src/worker/store/sql/report/current.sql';
import facts from '../../src/worker/store/sql/report/report_context.sql';
import nearest from '../../src/worker/store/sql/match/nearest.sql';
import { type Record_, refuse, stored } from './answers';
import { type Ask, app, newId } from './app';
import type { Report } from './rules';

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
  call_duration: number | null,
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
    permission: 'outcomes:write',
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
  return statementsFor(report).map(({ sql, names }) => db.prepare(sql).bind(...names.map((name) => values[name] ?? null)));
}

interface Statement {
  sql: string;
  names: string[];
}

const prepared = new Map<string, Statement[]>();

/** The statements for what a search names, made once. */
function statementsFor({ search }: Report): Statement[] {
  const shape = search.by === 'id' ? 'id' : [search.phone, search.campaign, search.advertiser, search.duration].map((value) => value !== undefined).join();
  let statements = prepared.get(shape);
  if (!statements) {
    const call = `iif(${access.replaceAll('{{campaign}}', campaign)}, ${search.by === 'id' ? byId : closestCall(search)}, NULL)`;
    const fill = (sql: string) =>
      sql
        .replaceAll('{{call}}', () => call)
        .replaceAll('{{current}}', () => current)
        .replaceAll('{{campaign}}', () => campaign)
        .replaceAll(/{{(?:rows|each)}}/g, '')
        // It has no archive.
        .replaceAll('{{archived}}', 'FALSE')
        .replaceAll('{{generations}}', "'[]'")
        .replaceAll('{{at}}', '0');
    statements = [facts, append].map((sql) => numbered(fill(sql)));
    prepared.set(shape, statements);
  }
  return statements;
}

// As in src/worker/store/search.rs.
const REACH = 'min(walk.next, CAST(substr(walk.best, 1, 15) AS INTEGER))';
const PREFERENCE = "printf('%015d%015d%015d', {{distance}}, abs(c.start_ms - :start), c.start_ms)";
const PARTS = {
  unseen: 'min({{after_off}}, {{before_off}}) + 1000 * min({{high_off}}, {{low_off}})',
  after_off: 'ifnull({{after_start}} - :start, {{far}})',
  before_off: 'ifnull(:start - {{before_start}}, {{far}})',
  next_duration: 'iif({{is_low_next}}, walk.low, walk.high)',
  is_low_next: '{{high_off}} > {{low_off}}',
  high_off: 'ifnull(walk.high - :duration, {{far}})',
  low_off: 'ifnull(:duration - walk.low, {{far}})',
  far: '2000000000000000',
  best: 'min(walk.best, walk.found, ifnull(substr(walk.after, 1, 45), {{none}}), ifnull(substr(walk.before, 1, 45), {{none}}))',
  at_start: "substr({{none}}, 1, 30) || printf('%015d', :start)",
  after_start: 'CAST(substr(walk.after, 31, 15) AS INTEGER)',
  before_start: 'CAST(substr(walk.before, 31, 15) AS INTEGER)',
  second: '1000',
  duration: 'coalesce(c.duration_s, 0)',
  preference: PREFERENCE,
  distance: 'abs(c.start_ms - :start) + 1000 * abs(coalesce(c.duration_s, 0) - :duration)',
  none: `'${'9'.repeat(45)}'`,
  reach: REACH,
};

/** The expressions of a search by duration in their places. */
function measured(template: string): string {
  return Object.entries(PARTS).reduce((sql, [name, part]) => sql.replaceAll(`{{${name}}}`, () => part), template);
}

function closestCall(search: Extract<Report['search'], { by: 'time' }>): string {
  const template = search.duration === undefined ? nearest : measured(closest);
  const ofNetwork = search.duration === undefined ? nearest : measured(closestOfNetwork);
  const over = (template: string, index: string, scope: string) =>
    template.replaceAll('{{index}}', index).replaceAll('{{scope}}', `c.network_id = t.network_id AND ${scope}`);
  const visible = '(t.advertiser_id IS NULL OR c.advertiser_id = t.advertiser_id)';
  const ofAdvertiser = search.advertiser === undefined ? 'TRUE' : 'c.advertiser_id = :advertiser_id';
  const ofCampaign = search.campaign === undefined ? 'TRUE' : 'c.campaign_id = :campaign_id';
  if (search.phone !== undefined) {
    const scope = `c.calling_phone = :calling_phone AND ${visible} AND ${ofCampaign} AND ${ofAdvertiser}`;
    return over(template, 'calls_by_phone', scope);
  }
  if (search.campaign !== undefined) {
    return over(template, 'calls_by_campaign', `${ofCampaign} AND ${visible} AND ${ofAdvertiser}`);
  }
  if (search.advertiser !== undefined) return over(template, 'calls_by_advertiser', `${ofAdvertiser} AND ${visible}`);
  const network = over(ofNetwork, 'calls_by_start', 'TRUE');
  const advertiser = over(template, 'calls_by_advertiser', 'c.advertiser_id = t.advertiser_id');
  return `iif(t.advertiser_id IS NULL, ${network}, ${advertiser})`;
}

/**
 * Each `:name` as `?N`, by first use; comments are dropped. The collation, as in src/worker/store/template.rs, keeps a
 * statement prepared.
 */
function numbered(sql: string): Statement {
  const names: string[] = [];
  const text = sql
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('--'))
    .join('\n')
    .replace(/( = )?:([a-z_]+)/g, (_, compared: string | undefined, name: string) => {
      if (!names.includes(name)) names.push(name);
      const parameter = `?${names.indexOf(name) + 1}`;
      return compared ? `${compared}${parameter} COLLATE BINARY` : parameter;
    });
  return { sql: text, names };
}
