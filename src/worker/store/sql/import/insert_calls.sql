-- New calls. Where two imports store the same id at once, UNIQUE calls_by_transaction or calls_by_external_id fails one of
-- them as a whole.
INSERT INTO calls (
  network_id, transaction_id, external_id, start_ms, duration_s, calling_phone, destination_phone, advertiser_id,
  campaign_id)
SELECT
  t.network_id, q.value ->> 0, q.value ->> 1, q.value ->> 2, q.value ->> 3, q.value ->> 4, q.value ->> 5,
  q.value ->> 6, q.value ->> 7
FROM tokens AS t CROSS JOIN json_each(:rows) AS q
WHERE t.hash = :token AND t.revoked_at IS NULL
RETURNING 'true' AS json
