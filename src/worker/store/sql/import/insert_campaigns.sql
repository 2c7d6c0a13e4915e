-- New campaigns, and the advertiser of those that had none. Another one by now fails in TRIGGER
-- campaigns_advertiser_is_final.
INSERT INTO campaigns (network_id, id, advertiser_id)
SELECT t.network_id, r.value ->> 0, r.value ->> 1
FROM tokens AS t CROSS JOIN json_each(:rows) AS r
WHERE t.hash = :token AND t.revoked_at IS NULL
ON CONFLICT DO UPDATE SET advertiser_id = excluded.advertiser_id
  WHERE excluded.advertiser_id IS NOT NULL AND campaigns.advertiser_id IS NOT excluded.advertiser_id
