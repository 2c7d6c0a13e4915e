-- Known calls with what they lacked. A call that was moved to the archive meanwhile is put back. TRIGGER calls_are_final
-- fails the batch where another import has stored something else meanwhile.
INSERT INTO calls (
  network_id, transaction_id, external_id, start_ms, duration_s, calling_phone, destination_phone, advertiser_id,
  campaign_id)
SELECT
  t.network_id, q.value ->> 0, q.value ->> 1, q.value ->> 2, q.value ->> 3, q.value ->> 4, q.value ->> 5,
  q.value ->> 6, q.value ->> 7
FROM tokens AS t CROSS JOIN json_each(:rows) AS q
WHERE t.hash = :token AND t.revoked_at IS NULL
ON CONFLICT (network_id, transaction_id) DO UPDATE SET
  external_id = excluded.external_id, start_ms = excluded.start_ms, duration_s = excluded.duration_s,
  calling_phone = excluded.calling_phone, destination_phone = excluded.destination_phone,
  advertiser_id = excluded.advertiser_id, campaign_id = excluded.campaign_id
RETURNING 'true' AS json
