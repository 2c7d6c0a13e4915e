-- (3) How the name is shown from now on, if the record of (2) is the first of its name in the network.
INSERT INTO outcome_names (network_id, key, display)
SELECT o.network_id, o.name_key, :name
FROM tokens AS t
JOIN outcomes AS o ON o.network_id = t.network_id AND o.transaction_id = :candidate
WHERE t.hash = :token
ON CONFLICT DO NOTHING
