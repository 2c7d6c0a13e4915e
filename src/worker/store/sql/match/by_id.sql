-- The id of the call with this transaction id that the token `t` sees, or 0. It seeks "at or behind" and compares,
-- so that an id of another advertiser and one that no call has read the same rows.
coalesce((
  SELECT iif(k.transaction_id = :transaction_id
             AND (t.advertiser_id IS NULL OR k.advertiser_id IS t.advertiser_id), k.id, 0)
  FROM calls AS k INDEXED BY calls_by_transaction
  WHERE k.network_id = t.network_id AND k.transaction_id >= :transaction_id
  ORDER BY k.transaction_id LIMIT 1), 0)
