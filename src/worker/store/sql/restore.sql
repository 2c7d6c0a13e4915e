-- Puts archived calls back, those that the token sees. A call that is there already stays as it is.
INSERT INTO calls (
  network_id, transaction_id, external_id, advertiser_id, campaign_id, calling_phone, destination_phone, start_ms,
  duration_s)
SELECT
  t.network_id, r.value ->> '$.transaction_id', r.value ->> '$.external_id', r.value ->> '$.advertiser_id',
  r.value ->> '$.campaign_id', r.value ->> '$.calling_phone', r.value ->> '$.destination_phone',
  r.value ->> '$.start_ms', r.value ->> '$.duration_s'
FROM tokens AS t CROSS JOIN json_each(:archived) AS r
WHERE t.hash = :token AND t.revoked_at IS NULL
  AND (t.advertiser_id IS NULL OR t.advertiser_id = r.value ->> '$.advertiser_id')
ON CONFLICT DO NOTHING
