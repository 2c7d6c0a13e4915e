-- The token, and what the id names that it sees: an outcome, by any of its records, or a call. No row: the token is unknown
-- or revoked.
-- Uses outcomes_by_transaction and calls_by_transaction: takes the first id at or after the wanted one and compares, so
-- that an id of another advertiser and an unknown one read the same number of rows.
SELECT json_array(
  t.network_id, t.advertiser_id, t.permissions,
  json(iif(o.transaction_id = :transaction_id
           AND (t.advertiser_id IS NULL OR reported.advertiser_id IS t.advertiser_id),
    json_array(o.seq, o.name_key, o.partner_unique_id, reported.id, (
      SELECT newest.seq FROM outcomes AS newest
      WHERE newest.call_id = o.call_id AND newest.name_key = o.name_key AND newest.partner_unique_id = o.partner_unique_id
      ORDER BY newest.revision DESC LIMIT 1)), 'null')),
  json(iif(c.id IS NULL, 'null', json_array(c.id, c.transaction_id, c.start_ms))),
  json({{generations}})) AS json
FROM tokens AS t
LEFT JOIN outcomes AS o ON o.seq = (
  SELECT o.seq FROM outcomes AS o INDEXED BY outcomes_by_transaction
  WHERE o.network_id = t.network_id AND o.transaction_id >= :transaction_id
  ORDER BY o.transaction_id LIMIT 1)
LEFT JOIN calls AS reported ON reported.id = o.call_id
LEFT JOIN calls AS c ON c.id = {{by_id}}
WHERE t.hash = :token AND t.revoked_at IS NULL
