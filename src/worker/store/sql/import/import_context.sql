-- What is stored of all that an import names, a row of JSON each; the first row is the token's. `:rows` is a list of
-- {t: transaction id, e: external id, a: advertiser, c: campaign}. No row: the token is unknown or revoked.
-- Looks nothing up for a token that may not import. Ids and campaigns are found by calls_by_transaction,
-- calls_by_external_id, outcomes_by_transaction and the primary key of campaigns: each takes the first one at or after the
-- wanted one and compares, so that another advertiser's and an unknown one read the same number of rows.
WITH
  token AS MATERIALIZED (SELECT network_id, advertiser_id, permissions, has_archive FROM tokens
                         WHERE hash = :token AND revoked_at IS NULL),
  importer AS MATERIALIZED (SELECT network_id, advertiser_id FROM token
                            WHERE instr(' ' || permissions || ' ', ' ' || :permission || ' ') > 0),
  named AS MATERIALIZED (SELECT value ->> '$.t' AS t, value ->> '$.e' AS e, value ->> '$.a' AS a, value ->> '$.c' AS c
                         FROM importer CROSS JOIN json_each(:rows)),
  listed AS MATERIALIZED (
    SELECT (
      SELECT iif(g.id = named.c, json_array(g.id, g.advertiser_id), NULL) FROM campaigns AS g
      WHERE g.network_id = importer.network_id AND g.id >= named.c ORDER BY g.id LIMIT 1) AS campaign
    FROM importer CROSS JOIN (SELECT DISTINCT c FROM named WHERE c IS NOT NULL) AS named),
  found AS MATERIALIZED (
    SELECT importer.advertiser_id AS own, named.t, named.e, (
      SELECT c.id FROM calls AS c INDEXED BY calls_by_transaction
      WHERE c.network_id = importer.network_id AND c.transaction_id >= named.t
      ORDER BY c.transaction_id LIMIT 1) AS by_id, (
      SELECT c.id FROM calls AS c INDEXED BY calls_by_external_id
      WHERE c.network_id = importer.network_id AND c.external_id >= named.e AND c.external_id IS NOT NULL
      ORDER BY c.external_id LIMIT 1) AS by_external_id, coalesce((
      SELECT o.transaction_id = named.t FROM outcomes AS o INDEXED BY outcomes_by_transaction
      WHERE o.network_id = importer.network_id AND o.transaction_id >= named.t
      ORDER BY o.transaction_id LIMIT 1), 0) AS is_outcome
    FROM importer CROSS JOIN named)
SELECT json_object('token', json_array(network_id, advertiser_id, permissions, json(iif(has_archive, (
  SELECT json_group_array(json_array(i.generation, i.buckets)) FROM archived_ids AS i
  WHERE i.network_id = token.network_id), '[]')))) AS json FROM token
UNION ALL
SELECT json_object('ids', json_array(
  json(iif(c.transaction_id = found.t AND (found.own IS NULL OR c.advertiser_id IS found.own),
    json_array(c.transaction_id, c.external_id, c.start_ms, c.duration_s, c.calling_phone, c.destination_phone,
               c.advertiser_id, c.campaign_id), 'null')),
  json(iif(x.external_id = found.e AND (found.own IS NULL OR x.advertiser_id IS found.own),
    json_array(x.transaction_id, x.external_id, x.start_ms, x.duration_s, x.calling_phone, x.destination_phone,
               x.advertiser_id, x.campaign_id), 'null')),
  iif(found.is_outcome OR (c.transaction_id = found.t AND found.own IS NOT NULL AND c.advertiser_id IS NOT found.own),
    found.t, NULL),
  iif(x.external_id = found.e AND found.own IS NOT NULL AND x.advertiser_id IS NOT found.own, found.e, NULL)))
FROM found
LEFT JOIN calls AS c ON c.id = found.by_id
LEFT JOIN calls AS x ON x.id = found.by_external_id
UNION ALL
SELECT json_object('advertiser', d.id)
FROM importer CROSS JOIN (
  SELECT a AS id FROM importer CROSS JOIN named WHERE advertiser_id IS NULL AND a IS NOT NULL
  UNION SELECT campaign ->> 1 FROM importer CROSS JOIN listed WHERE advertiser_id IS NULL AND campaign ->> 1 IS NOT NULL
  UNION SELECT advertiser_id FROM importer WHERE advertiser_id IS NOT NULL) AS named
CROSS JOIN advertisers AS d
WHERE d.network_id = importer.network_id AND d.id = named.id
UNION ALL
SELECT json_object('campaign', json(campaign)) FROM listed WHERE campaign IS NOT NULL
