-- The new records of a batch, in the order of its rows. What has changed since they were decided fails all of them:
-- another record by UNIQUE outcomes_by_identity, an id that is taken by outcomes_by_transaction or NOT NULL, a call that
-- is gone by NOT NULL. A token that was revoked stores none.
INSERT INTO outcomes (
  network_id, call_id, advertiser_id, transaction_id, corrects_transaction_id, name_key, partner_unique_id, revision,
  description, occurred_at, sale_cents, value, custom_1, custom_2, custom_3)
SELECT
  t.network_id, c.id, c.advertiser_id,
  iif(EXISTS (SELECT 1 FROM calls AS k WHERE k.network_id = t.network_id AND k.transaction_id = r.value ->> 2),
    NULL, r.value ->> 2),
  r.value ->> 3, r.value ->> 4, r.value ->> 5, r.value ->> 6, r.value ->> 7, r.value ->> 8, r.value ->> 9,
  r.value ->> 10, r.value ->> 11, r.value ->> 12, r.value ->> 13
FROM tokens AS t CROSS JOIN json_each(:rows) AS r
LEFT JOIN calls AS c ON c.id = r.value ->> 0 AND c.transaction_id = r.value ->> 1
WHERE t.hash = :token AND t.revoked_at IS NULL
ORDER BY r.key
