-- (2) The record, appended where there is none yet or where the merged fields differ from the current one: sent
-- fields come from the patch, unsent ones from the current record or the defaults.
-- Nothing is appended where an archived call may be closer.
-- Concurrency rests on UNIQUE outcomes_by_identity: one first record, and a chain that cannot fork.
INSERT INTO outcomes (
  network_id, transaction_id, corrects_transaction_id, advertiser_id, call_id, name_key, partner_unique_id, revision,
  description, occurred_at, sale_cents, value, custom_1, custom_2, custom_3)
SELECT
  m.network_id, :candidate, m.current_id, m.advertiser_id, m.call_id, :name_key, :partner_unique_id, m.revision + 1,
  m.description, m.occurred_at, m.sale_cents, m.value, m.custom_1, m.custom_2, m.custom_3
FROM (
  SELECT
    c.network_id, c.advertiser_id, c.id AS call_id, o.transaction_id AS current_id, coalesce(o.revision, 0) AS revision,
    coalesce(:patch ->> '$.description', o.description, '') AS description,
    coalesce(:patch ->> '$.occurred_at', o.occurred_at, CAST(:now AS INTEGER)) AS occurred_at,
    iif(json_type(:patch, '$.sale_cents') IS NULL, o.sale_cents, :patch ->> '$.sale_cents') AS sale_cents,
    coalesce(:patch ->> '$.value', o.value, 1) AS value,
    coalesce(:patch ->> '$.custom_1', o.custom_1, '') AS custom_1,
    coalesce(:patch ->> '$.custom_2', o.custom_2, '') AS custom_2,
    coalesce(:patch ->> '$.custom_3', o.custom_3, '') AS custom_3,
    o.description AS current_description, o.occurred_at AS current_occurred_at, o.sale_cents AS current_sale_cents,
    o.value AS current_value, o.custom_1 AS current_custom_1, o.custom_2 AS current_custom_2,
    o.custom_3 AS current_custom_3
  FROM tokens AS t
  JOIN calls AS c ON c.id = {{call}}
  LEFT JOIN outcomes AS o ON o.seq = {{current}}
  WHERE t.hash = :token AND t.revoked_at IS NULL AND NOT {{archived}}) AS m
WHERE (m.revision = 0
  OR (m.description, m.occurred_at, m.sale_cents, m.value, m.custom_1, m.custom_2, m.custom_3) IS NOT
     (m.current_description, m.current_occurred_at, m.current_sale_cents, m.current_value, m.current_custom_1,
      m.current_custom_2, m.current_custom_3))
  AND NOT EXISTS (SELECT 1 FROM outcomes WHERE network_id = m.network_id AND transaction_id = :candidate)
  AND NOT EXISTS (SELECT 1 FROM calls WHERE network_id = m.network_id AND transaction_id = :candidate)
RETURNING json_array(
  transaction_id, corrects_transaction_id, revision, description, occurred_at, sale_cents, value,
  custom_1, custom_2, custom_3) AS json
