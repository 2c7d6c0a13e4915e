-- (1) What is so before the report: who asks, what of the directory they named, the call, its current record, and
-- how the name is shown. No row: the token is unknown or revoked.
{{rows}}SELECT json_array(
  {{at}}, t.network_id, t.advertiser_id, t.permissions,
  iif(t.advertiser_id IS NULL,
    (SELECT 1 FROM advertisers AS a WHERE a.network_id = t.network_id AND a.id = :advertiser_id), NULL),
  {{campaign}},
  c.id, c.transaction_id, c.start_ms, c.duration_s,
  json(iif(o.seq IS NULL, 'null', json_array(
    o.transaction_id, o.corrects_transaction_id, o.revision, o.description, o.occurred_at, o.sale_cents, o.value,
    o.custom_1, o.custom_2, o.custom_3))),
  (SELECT display FROM outcome_names WHERE network_id = t.network_id AND key = :name_key),
  {{archived}},
  json({{generations}})) AS json
FROM tokens AS t {{each}}
LEFT JOIN calls AS c ON c.id = {{call}}
LEFT JOIN outcomes AS o ON o.seq = {{current}}
WHERE t.hash = :token AND t.revoked_at IS NULL
