-- Puts an archived call back, if the token sees it. A call that is there already stays as it is.
INSERT INTO calls (
  network_id, transaction_id, external_id, advertiser_id, campaign_id, calling_phone, destination_phone, start_ms,
  duration_s)
SELECT
  t.network_id, :archived ->> '$.transaction_id', :archived ->> '$.external_id', :archived ->> '$.advertiser_id',
  :archived ->> '$.campaign_id', :archived ->> '$.calling_phone', :archived ->> '$.destination_phone',
  :archived ->> '$.start_ms', :archived ->> '$.duration_s'
FROM tokens AS t
WHERE t.hash = :token AND t.revoked_at IS NULL
  AND (t.advertiser_id IS NULL OR t.advertiser_id = :archived ->> '$.advertiser_id')
ON CONFLICT DO NOTHING
