-- For a retry: the record that an earlier try of this request may have left, by its id (outcomes_by_transaction).
SELECT json_array(
  json_array(
    o.transaction_id, o.corrects_transaction_id, o.revision, o.description, o.occurred_at, o.sale_cents, o.value,
    o.custom_1, o.custom_2, o.custom_3),
  c.transaction_id, c.start_ms,
  (SELECT n.display FROM outcome_names AS n WHERE n.network_id = t.network_id AND n.key = :name_key)) AS json
FROM tokens AS t
JOIN outcomes AS o ON o.network_id = t.network_id AND o.transaction_id = :candidate
JOIN calls AS c ON c.id = o.call_id
WHERE t.hash = :token AND t.revoked_at IS NULL
  AND (t.advertiser_id IS NULL OR c.advertiser_id = t.advertiser_id)
  AND o.name_key = :name_key AND o.partner_unique_id = :partner_unique_id
