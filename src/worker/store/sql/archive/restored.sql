-- Marks calls as put back: from now on their archived copies do not count. Finds each call by calls_by_transaction and
-- whether it has a copy by the primary key of archived_hours.
INSERT INTO archived_copies (network_id, start_ms, transaction_id)
SELECT t.network_id, c.start_ms, c.transaction_id
FROM tokens AS t CROSS JOIN json_each(:archived) AS q
CROSS JOIN calls AS c INDEXED BY calls_by_transaction
WHERE t.hash = :token AND t.revoked_at IS NULL AND t.has_archive
  AND c.network_id = t.network_id AND c.transaction_id = q.value ->> 0
  AND EXISTS (
    SELECT 1 FROM archived_hours AS h
    WHERE h.network_id = t.network_id AND h.hour = c.start_ms / 3600000
      AND h.first_ms <= c.start_ms AND h.last_ms >= c.start_ms)
ON CONFLICT DO UPDATE SET part = NULL
