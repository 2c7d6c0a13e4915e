-- What is stored of all that an import names, a row of JSON each; the first tells who asks. `:rows` is a list of
-- {t: transaction id, e: external id, a: advertiser, c: campaign}. No row: the token is unknown or revoked.
-- Nothing is looked up for a token that may not import. Ids and campaigns are sought "at or behind" and compared, so that
-- what another advertiser has and what is not there read the same rows.
WITH
  token AS MATERIALIZED (SELECT network_id, advertiser_id, permissions, has_archive FROM tokens
                         WHERE hash = :token AND revoked_at IS NULL),
  asker AS MATERIALIZED (SELECT network_id, advertiser_id FROM token
                         WHERE instr(' ' || permissions || ' ', ' ' || :permission || ' ') > 0),
  named AS MATERIALIZED (SELECT value ->> '$.t' AS t, value ->> '$.e' AS e, value ->> '$.a' AS a, value ->> '$.c' AS c
                         FROM asker CROSS JOIN json_each(:rows)),
  listed AS MATERIALIZED (
    SELECT (
      SELECT iif(g.id = named.c, json_array(g.id, g.advertiser_id), NULL) FROM campaigns AS g
      WHERE g.network_id = asker.network_id AND g.id >= named.c ORDER BY g.id LIMIT 1) AS campaign
    FROM asker CROSS JOIN (SELECT DISTINCT c FROM named WHERE c IS NOT NULL) AS named),
  found AS MATERIALIZED (
    SELECT asker.advertiser_id AS own, named.t, named.e, (
      SELECT k.id FROM calls AS k INDEXED BY calls_by_transaction
      WHERE k.network_id = asker.network_id AND k.transaction_id >= named.t
      ORDER BY k.transaction_id LIMIT 1) AS by_id, (
      SELECT k.id FROM calls AS k INDEXED BY calls_by_external_id
      WHERE k.network_id = asker.network_id AND k.external_id >= named.e AND k.external_id IS NOT NULL
      ORDER BY k.external_id LIMIT 1) AS by_external_id, coalesce((
      SELECT o.transaction_id = named.t FROM outcomes AS o INDEXED BY outcomes_by_transaction
      WHERE o.network_id = asker.network_id AND o.transaction_id >= named.t
      ORDER BY o.transaction_id LIMIT 1), 0) AS is_outcome
    FROM asker CROSS JOIN named)
SELECT json_object('token', json_array(network_id, advertiser_id, permissions, json(iif(has_archive, (
  SELECT json_group_array(json_array(generation, buckets)) FROM archived_ids
  WHERE archived_ids.network_id = token.network_id), '[]')))) AS json FROM token
UNION ALL
SELECT json_object('ids', json_array(
  json(iif(c.transaction_id = f.t AND (f.own IS NULL OR c.advertiser_id IS f.own),
    json_array(c.transaction_id, c.external_id, c.start_ms, c.duration_s, c.calling_phone, c.destination_phone,
               c.advertiser_id, c.campaign_id), 'null')),
  json(iif(d.external_id = f.e AND (f.own IS NULL OR d.advertiser_id IS f.own),
    json_array(d.transaction_id, d.external_id, d.start_ms, d.duration_s, d.calling_phone, d.destination_phone,
               d.advertiser_id, d.campaign_id), 'null')),
  iif(f.is_outcome OR (c.transaction_id = f.t AND f.own IS NOT NULL AND c.advertiser_id IS NOT f.own), f.t, NULL),
  iif(d.external_id = f.e AND f.own IS NOT NULL AND d.advertiser_id IS NOT f.own, f.e, NULL)))
FROM found AS f
LEFT JOIN calls AS c ON c.id = f.by_id
LEFT JOIN calls AS d ON d.id = f.by_external_id
UNION ALL
SELECT json_object('advertiser', d.id)
FROM asker CROSS JOIN (
  SELECT a AS id FROM asker CROSS JOIN named WHERE advertiser_id IS NULL AND a IS NOT NULL
  UNION SELECT campaign ->> 1 FROM asker CROSS JOIN listed WHERE advertiser_id IS NULL AND campaign ->> 1 IS NOT NULL
  UNION SELECT advertiser_id FROM asker WHERE advertiser_id IS NOT NULL) AS named
CROSS JOIN advertisers AS d
WHERE d.network_id = asker.network_id AND d.id = named.id
UNION ALL
SELECT json_object('campaign', json(campaign)) FROM listed WHERE campaign IS NOT NULL
