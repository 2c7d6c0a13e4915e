-- Appends the new records of a batch, in the order of its rows. `name` is set where a record brings a name that the
-- network did not have; TRIGGER outcomes_bring_names stores it.
-- Whatever has changed since the records were decided fails all of them. UNIQUE outcomes_by_identity: another record of
-- the outcome. NOT NULL, through the NULL that is inserted instead: an id that a call has taken, a call that is gone, a
-- name that another request has brought. UNIQUE outcomes_by_transaction: an id that a record has taken.
-- Where the token was revoked nothing is stored.
INSERT INTO outcomes (
  network_id, call_id, advertiser_id, transaction_id, corrects_transaction_id, name, name_key, partner_unique_id,
  revision, description, occurred_at, sale_cents, value, custom_1, custom_2, custom_3)
SELECT
  t.network_id, c.id, c.advertiser_id,
  iif(EXISTS (SELECT 1 FROM calls AS x WHERE x.network_id = t.network_id AND x.transaction_id = q.value ->> 2),
    NULL, q.value ->> 2),
  q.value ->> 3, q.value ->> 4,
  iif(q.value ->> 4 IS NOT NULL
      AND EXISTS (SELECT 1 FROM outcome_names AS n WHERE n.network_id = t.network_id AND n.key = q.value ->> 5),
    NULL, q.value ->> 5),
  q.value ->> 6, q.value ->> 7, q.value ->> 8, q.value ->> 9, q.value ->> 10, q.value ->> 11, q.value ->> 12,
  q.value ->> 13, q.value ->> 14
FROM tokens AS t CROSS JOIN json_each(:rows) AS q
LEFT JOIN calls AS c ON c.id = q.value ->> 0 AND c.transaction_id = q.value ->> 1
WHERE t.hash = :token AND t.revoked_at IS NULL
ORDER BY q.key
