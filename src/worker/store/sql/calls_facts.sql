-- What is stored of all that an import names, a row of JSON each; the first tells who asks. `:rows` is a list of
-- {t: transaction id, e: external id, a: advertiser, c: campaign}. No row: the token is unknown or revoked.
WITH
  token AS MATERIALIZED (SELECT network_id, advertiser_id, permissions FROM tokens
                         WHERE hash = :token AND revoked_at IS NULL),
  named AS MATERIALIZED (SELECT value ->> '$.t' AS t, value ->> '$.e' AS e, value ->> '$.a' AS a, value ->> '$.c' AS c
                         FROM json_each(:rows))
SELECT json_object('token', json_array(advertiser_id, permissions)) AS json FROM token
UNION ALL
SELECT json_object('call', json_array(transaction_id, external_id, start_ms, duration_s, calling_phone,
                                      destination_phone, advertiser_id, campaign_id))
FROM calls WHERE id IN (
  SELECT k.id FROM token CROSS JOIN named
  CROSS JOIN calls AS k INDEXED BY calls_by_transaction
  WHERE k.network_id = token.network_id AND k.transaction_id = named.t
  UNION
  SELECT k.id FROM token CROSS JOIN named
  CROSS JOIN calls AS k INDEXED BY calls_by_external_id
  WHERE k.network_id = token.network_id AND k.external_id = named.e)
UNION ALL
SELECT json_object('outcome', o.transaction_id)
FROM token CROSS JOIN named
CROSS JOIN outcomes AS o INDEXED BY outcomes_by_transaction
WHERE o.network_id = token.network_id AND o.transaction_id = named.t
UNION ALL
SELECT json_object('advertiser', d.id)
FROM token CROSS JOIN (
  SELECT a FROM named WHERE a IS NOT NULL
  UNION SELECT advertiser_id FROM token WHERE advertiser_id IS NOT NULL
  UNION SELECT g.advertiser_id FROM token CROSS JOIN named CROSS JOIN campaigns AS g
  WHERE g.network_id = token.network_id AND g.id = named.c AND g.advertiser_id IS NOT NULL) AS named
CROSS JOIN advertisers AS d
WHERE d.network_id = token.network_id AND d.id = named.a
UNION ALL
SELECT json_object('campaign', json_array(g.id, g.advertiser_id))
FROM token CROSS JOIN (SELECT DISTINCT c FROM named WHERE c IS NOT NULL) AS named
CROSS JOIN campaigns AS g
WHERE g.network_id = token.network_id AND g.id = named.c
