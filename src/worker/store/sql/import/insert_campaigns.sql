-- New campaigns, and the advertiser of those that had none. TRIGGER campaigns_advertiser_is_final fails the batch where
-- another import has stored another advertiser meanwhile.
INSERT INTO campaigns (network_id, id, advertiser_id)
SELECT t.network_id, q.value ->> 0, q.value ->> 1
FROM tokens AS t CROSS JOIN json_each(:rows) AS q
WHERE t.hash = :token AND t.revoked_at IS NULL
ON CONFLICT DO UPDATE SET advertiser_id = excluded.advertiser_id
  WHERE excluded.advertiser_id IS NOT NULL AND campaigns.advertiser_id IS NOT excluded.advertiser_id
