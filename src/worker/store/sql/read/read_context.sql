-- Who asks, and what the id names that they see: an outcome, by any of its records, or a call. It seeks "at or behind"
-- and compares, so that an id of another advertiser and one that nothing has read the same rows.
SELECT json_array(
  t.network_id, t.advertiser_id, t.permissions,
  json(iif(r.transaction_id = :transaction_id AND (t.advertiser_id IS NULL OR c.advertiser_id IS t.advertiser_id),
    json_array(r.seq, r.name_key, r.partner_unique_id, c.id, (
      SELECT h.seq FROM outcomes AS h
      WHERE h.call_id = r.call_id AND h.name_key = r.name_key AND h.partner_unique_id = r.partner_unique_id
      ORDER BY h.revision DESC LIMIT 1)), 'null')),
  json(iif(b.id IS NULL, 'null', json_array(b.id, b.transaction_id, b.start_ms))),
  json({{generations}})) AS json
FROM tokens AS t
LEFT JOIN outcomes AS r ON r.seq = (
  SELECT k.seq FROM outcomes AS k INDEXED BY outcomes_by_transaction
  WHERE k.network_id = t.network_id AND k.transaction_id >= :transaction_id
  ORDER BY k.transaction_id LIMIT 1)
LEFT JOIN calls AS c ON c.id = r.call_id
LEFT JOIN calls AS b ON b.id = {{by_id}}
WHERE t.hash = :token AND t.revoked_at IS NULL
