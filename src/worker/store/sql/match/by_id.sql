-- The id of the call with this transaction id if the token `t` sees it, or else 0. Uses calls_by_transaction: takes the
-- first id at or after the wanted one and compares, so that an id of another advertiser and an unknown one read the same
-- number of rows.
coalesce((
  SELECT iif(c.transaction_id = :transaction_id
             AND (t.advertiser_id IS NULL OR c.advertiser_id IS t.advertiser_id), c.id, 0)
  FROM calls AS c INDEXED BY calls_by_transaction
  WHERE c.network_id = t.network_id AND c.transaction_id >= :transaction_id
  ORDER BY c.transaction_id LIMIT 1), 0)
