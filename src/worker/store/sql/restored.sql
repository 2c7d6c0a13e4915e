-- Calls that have been put back: from now on their archived copies do not count.
INSERT INTO archived_copies (network_id, start_ms, transaction_id)
SELECT t.network_id, c.start_ms, c.transaction_id
FROM tokens AS t CROSS JOIN json_each(:archived) AS r
JOIN calls AS c INDEXED BY calls_by_transaction ON c.network_id = t.network_id AND c.transaction_id = r.value ->> 0
WHERE t.hash = :token AND t.revoked_at IS NULL
ON CONFLICT DO UPDATE SET part = NULL
