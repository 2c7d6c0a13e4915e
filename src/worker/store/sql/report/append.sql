-- Appends the record where the outcome has none yet, or where the merged fields differ from its current one: fields that
-- were sent come from the patch, others from the current record or the defaults. Appends nothing where an archived call
-- may be closer, or where the new id is taken (UNIQUE outcomes_by_transaction and calls_by_transaction are the indexes
-- that this looks at).
-- The call and the current record are each found before this joins them by their primary keys. Concurrency relies on
-- UNIQUE outcomes_by_identity: one first record, and a chain that cannot fork. TRIGGER outcomes_bring_names stores the
-- name that a first record brings.
INSERT INTO outcomes (
  network_id, transaction_id, corrects_transaction_id, advertiser_id, call_id, name, name_key, partner_unique_id,
  revision, description, occurred_at, sale_cents, value, custom_1, custom_2, custom_3)
SELECT
  merged.network_id, :candidate, merged.current_id, merged.advertiser_id, merged.call_id,
  iif(merged.revision = 0, :name, NULL), :name_key, :partner_unique_id, merged.revision + 1, merged.description,
  merged.occurred_at, merged.sale_cents, merged.value, merged.custom_1, merged.custom_2, merged.custom_3
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
  WHERE t.hash = :token AND t.revoked_at IS NULL AND NOT {{archived}}) AS merged
WHERE (merged.revision = 0
  OR (merged.description, merged.occurred_at, merged.sale_cents, merged.value, merged.custom_1, merged.custom_2,
      merged.custom_3) IS NOT
     (merged.current_description, merged.current_occurred_at, merged.current_sale_cents, merged.current_value,
      merged.current_custom_1, merged.current_custom_2, merged.current_custom_3))
  AND NOT EXISTS (SELECT 1 FROM outcomes AS o WHERE o.network_id = merged.network_id AND o.transaction_id = :candidate)
  AND NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.network_id = merged.network_id AND c.transaction_id = :candidate)
RETURNING json_array(
  transaction_id, corrects_transaction_id, revision, description, occurred_at, sale_cents, value,
  custom_1, custom_2, custom_3) AS json
