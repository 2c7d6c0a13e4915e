-- Puts archived calls back, those that the token sees. A call that is stored already stays as it is.
INSERT INTO calls (
  network_id, transaction_id, external_id, start_ms, duration_s, calling_phone, destination_phone, advertiser_id,
  campaign_id)
SELECT
  t.network_id, q.value ->> 0, q.value ->> 1, q.value ->> 2, q.value ->> 3, q.value ->> 4, q.value ->> 5, q.value ->> 6,
  q.value ->> 7
FROM tokens AS t CROSS JOIN json_each(:archived) AS q
WHERE t.hash = :token AND t.revoked_at IS NULL
  AND (t.advertiser_id IS NULL OR t.advertiser_id = q.value ->> 6)
ON CONFLICT DO NOTHING
