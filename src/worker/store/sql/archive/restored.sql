-- Calls that have been put back: from now on their archived copies do not count.
INSERT INTO archived_copies (network_id, start_ms, transaction_id)
SELECT t.network_id, c.start_ms, c.transaction_id
FROM tokens AS t CROSS JOIN json_each(:archived) AS r
CROSS JOIN calls AS c INDEXED BY calls_by_transaction
WHERE t.hash = :token AND t.revoked_at IS NULL AND t.has_archive
  AND c.network_id = t.network_id AND c.transaction_id = r.value ->> 0
  AND EXISTS (
    SELECT 1 FROM archived_hours AS a
    WHERE a.network_id = t.network_id AND a.hour = c.start_ms / 3600000
      AND a.first_ms <= c.start_ms AND a.last_ms >= c.start_ms)
ON CONFLICT DO UPDATE SET part = NULL
