-- How the new names are shown from now on. One that another request has brought since fails the batch.
INSERT INTO outcome_names (network_id, key, display)
SELECT t.network_id, r.value ->> 0, r.value ->> 1
FROM tokens AS t CROSS JOIN json_each(:rows) AS r
WHERE t.hash = :token AND t.revoked_at IS NULL
