// Loads the demo data, fixtures/demo.json, into a development database.
import { readFile } from 'node:fs/promises';
import { insertToken } from './token-store.mjs';

/** Loads the demo data, unless the database has tokens: then it is in use. */
export async function loadDemo(DB) {
  if (await DB.prepare('SELECT 1 FROM tokens LIMIT 1').first()) return;
  const demo = JSON.parse(await readFile(new URL('../../fixtures/demo.json', import.meta.url), 'utf8'));
  const insert = (table, columns) => {
    const values = columns.map((_, index) => `?${index + 1}`).join(', ');
    return DB.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`);
  };
  const advertiser = insert('advertisers', ['network_id', 'id', 'name']);
  const campaign = insert('campaigns', ['network_id', 'id', 'advertiser_id', 'name']);
  const call = insert('calls', [
    'network_id',
    'transaction_id',
    'advertiser_id',
    'campaign_id',
    'calling_phone',
    'start_ms',
    'duration_s',
  ]);
  // One transaction, so that the tokens exist only if everything else does.
  await DB.batch([
    ...demo.advertisers.map((row) => advertiser.bind(row.network_id, row.advertiser_id_from_network, row.name)),
    ...demo.campaigns.map((row) =>
      campaign.bind(row.network_id, row.advertiser_campaign_id_from_network, row.advertiser_id_from_network, row.name),
    ),
    ...demo.calls.map((row) =>
      call.bind(
        row.network_id,
        row.transaction_id,
        row.advertiser_id_from_network,
        row.advertiser_campaign_id_from_network,
        row.calling_phone_number,
        Number(row.start_time_t) * 1000,
        Number(row.duration_in_seconds),
      ),
    ),
    ...demo.tokens.map((row) =>
      insertToken(DB, {
        token: row.token,
        network: row.network_id,
        advertiser: row.advertiser_id_from_network,
        permissions: row.permissions,
      }),
    ),
  ]);
}
