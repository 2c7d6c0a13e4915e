-- Who asks, and whether the record with this id is there: what an earlier try of the batch may have left.
SELECT json_array(t.network_id, t.advertiser_id, EXISTS (
  SELECT 1 FROM outcomes AS o WHERE o.network_id = t.network_id AND o.transaction_id = :candidate)) AS json
FROM tokens AS t
WHERE t.hash = :token AND t.revoked_at IS NULL
