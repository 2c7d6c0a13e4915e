// API tokens in the database, which stores the SHA-256 of a token and never its text.
import { createHash } from 'node:crypto';

/** The SHA-256 of a text, in lower-case hexadecimal. */
export function hashOf(text) {
  return createHash('sha256').update(text).digest('hex');
}

/** Returns the statement that stores a token. Ids are text even if they look like numbers. */
export function insertToken(DB, { token, network, advertiser, permissions }) {
  return DB.prepare('INSERT INTO tokens (hash, network_id, advertiser_id, permissions) VALUES (?1, ?2, ?3, ?4)').bind(
    hashOf(token),
    network,
    advertiser ?? null,
    permissions.join(' '),
  );
}

/** Returns the first networks of the directory, and whether `network` and its `advertiser` are known. */
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

/** Returns all tokens, each by the beginning of its hash. */
export async function listTokens(DB) {
  const { results } = await DB.prepare(
    `SELECT substr(hash, 1, 12) AS hash, network_id AS network, advertiser_id AS advertiser,
            datetime(created_at, 'unixepoch') AS created, datetime(revoked_at, 'unixepoch') AS revoked, permissions
     FROM tokens ORDER BY created_at, hash`,
  ).run();
  return results;
}

/** Returns the hashes that match a token or the beginning of a hash, at most two. */
export async function findTokens(DB, text) {
  const { results } = await DB.prepare(
    'SELECT hash FROM tokens WHERE hash = ?1 OR substr(hash, 1, length(?2)) = ?2 LIMIT 2',
  )
    .bind(hashOf(text), text.toLowerCase())
    .run();
  return results.map((row) => row.hash);
}

/** Revokes a token; returns whether it was still valid. Revoked tokens stay in the database. */
export async function revokeToken(DB, hash) {
  const update = DB.prepare('UPDATE tokens SET revoked_at = unixepoch() WHERE hash = ?1 AND revoked_at IS NULL');
  const { meta } = await update.bind(hash).run();
  return meta.changes > 0;
}
