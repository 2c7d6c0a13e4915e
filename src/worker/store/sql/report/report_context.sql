-- What is stored before the report: the token, what it may see of what the search names, the call, the outcome's current
-- record, how its name is shown, and whether to look in the archive. No row: the token is unknown or revoked.
-- The token, the call and the record are each found before this joins them by their primary keys.
{{rows}}SELECT json_array(
  {{at}}, t.network_id, t.advertiser_id, t.permissions,
  iif(t.advertiser_id IS NULL,
    (SELECT 1 FROM advertisers AS d WHERE d.network_id = t.network_id AND d.id = :advertiser_id), NULL),
  {{campaign}},
  c.id, c.transaction_id, c.start_ms, c.duration_s,
  json(iif(o.seq IS NULL, 'null', json_array(
    o.transaction_id, o.corrects_transaction_id, o.revision, o.description, o.occurred_at, o.sale_cents, o.value,
    o.custom_1, o.custom_2, o.custom_3))),
  (SELECT n.display FROM outcome_names AS n WHERE n.network_id = t.network_id AND n.key = :name_key),
  {{archived}},
  json({{generations}})) AS json
FROM tokens AS t {{each}}
LEFT JOIN calls AS c ON c.id = {{call}}
LEFT JOIN outcomes AS o ON o.seq = {{current}}
WHERE t.hash = :token AND t.revoked_at IS NULL
