// API tokens as the database keeps them: by the SHA-256 of their text. The text is nowhere.
import { createHash } from 'node:crypto';

/** The SHA-256 of a text, in lower-case hexadecimal. */
export function hashOf(text) {
  return createHash('sha256').update(text).digest('hex');
}

/** The statement that stores a token. Ids are text, whatever they look like. */
export function insertToken(DB, { token, network, advertiser, permissions }) {
  return DB.prepare('INSERT INTO tokens (hash, network_id, advertiser_id, permissions) VALUES (?1, ?2, ?3, ?4)').bind(
    hashOf(token),
    network,
    advertiser ?? null,
    permissions.join(' '),
  );
}

/** The first networks of the directory, and whether a network and an advertiser of it are known. */
export async function knownNetworks(DB, network, advertiser) {
  const [{ results }, { results: [found] }] = await DB.batch([
    DB.prepare('SELECT network_id FROM advertisers UNION SELECT network_id FROM campaigns ORDER BY network_id LIMIT 20'),
    DB.prepare(
      `SELECT EXISTS (SELECT 1 FROM advertisers WHERE network_id = ?1) OR EXISTS (SELECT 1 FROM campaigns WHERE network_id = ?1)
              OR EXISTS (SELECT 1 FROM calls WHERE network_id = ?1) AS network,
              EXISTS (SELECT 1 FROM advertisers WHERE network_id = ?1 AND id = ?2) AS advertiser`,
    ).bind(network, advertiser ?? null),
  ]);
  return { networks: results.map((row) => row.network_id), network: found.network === 1, advertiser: found.advertiser === 1 };
}

export async function listTokens(DB) {
  const { results } = await DB.prepare(
    `SELECT substr(hash, 1, 12) AS hash, network_id AS network, advertiser_id AS advertiser,
            datetime(created_at, 'unixepoch') AS created, datetime(revoked_at, 'unixepoch') AS revoked, permissions
     FROM tokens ORDER BY created_at, hash`,
  ).run();
  return results;
}

/** The hashes that a token, or the beginning of a hash, can mean. */
export async function findTokens(DB, text) {
  const { results } = await DB.prepare(
    'SELECT hash FROM tokens WHERE hash = ?1 OR substr(hash, 1, length(?2)) = ?2 LIMIT 2',
  )
    .bind(hashOf(text), text.toLowerCase())
    .run();
  return results.map((row) => row.hash);
}

/** Whether the token was still good. Revoked tokens stay, with the time of it. */
export async function revokeToken(DB, hash) {
  const update = DB.prepare('UPDATE tokens SET revoked_at = unixepoch() WHERE hash = ?1 AND revoked_at IS NULL');
  const { meta } = await update.bind(hash).run();
  return meta.changes > 0;
}
