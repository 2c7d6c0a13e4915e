-- The token, and whether there is a record with this id (outcomes_by_transaction): an earlier try of the batch may have
-- left it. No row: the token is unknown or revoked.
SELECT json_array(t.network_id, t.advertiser_id, EXISTS (
  SELECT 1 FROM outcomes AS o WHERE o.network_id = t.network_id AND o.transaction_id = :candidate)) AS json
FROM tokens AS t
WHERE t.hash = :token AND t.revoked_at IS NULL
