-- Known calls, filled in. What another import filled in differently meanwhile fails in TRIGGER calls_are_final.
UPDATE calls SET
  external_id = u.external_id, duration_s = u.duration_s, calling_phone = u.calling_phone,
  destination_phone = u.destination_phone, advertiser_id = u.advertiser_id, campaign_id = u.campaign_id
FROM (
  SELECT
    t.network_id, r.value ->> 0 AS transaction_id, r.value ->> 1 AS external_id, r.value ->> 3 AS duration_s,
    r.value ->> 4 AS calling_phone, r.value ->> 5 AS destination_phone, r.value ->> 6 AS advertiser_id,
    r.value ->> 7 AS campaign_id
  FROM tokens AS t CROSS JOIN json_each(:rows) AS r
  WHERE t.hash = :token AND t.revoked_at IS NULL) AS u
WHERE calls.network_id = u.network_id AND calls.transaction_id = u.transaction_id
