-- Puts archived calls back, those that the token sees. A call that is there already stays as it is.
INSERT INTO calls (
  network_id, transaction_id, external_id, start_ms, duration_s, calling_phone, destination_phone, advertiser_id,
  campaign_id)
SELECT
  t.network_id, r.value ->> 0, r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4, r.value ->> 5, r.value ->> 6,
  r.value ->> 7
FROM tokens AS t CROSS JOIN json_each(:archived) AS r
WHERE t.hash = :token AND t.revoked_at IS NULL
  AND (t.advertiser_id IS NULL OR t.advertiser_id = r.value ->> 6)
ON CONFLICT DO NOTHING
