-- New advertisers. One that another import has stored meanwhile stays.
INSERT INTO advertisers (network_id, id)
SELECT t.network_id, q.value
FROM tokens AS t CROSS JOIN json_each(:rows) AS q
WHERE t.hash = :token AND t.revoked_at IS NULL
ON CONFLICT DO NOTHING
