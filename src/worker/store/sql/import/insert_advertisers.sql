INSERT INTO advertisers (network_id, id)
SELECT t.network_id, r.value
FROM tokens AS t CROSS JOIN json_each(:rows) AS r
WHERE t.hash = :token AND t.revoked_at IS NULL
ON CONFLICT DO NOTHING
