-- The last record of a full page, and the one behind it, if there are so many.
SELECT json_array(k.seq, k.transaction_id) AS json FROM outcomes AS k INDEXED BY outcomes_by_network
WHERE {{exported}} AND k.seq > :after
ORDER BY k.seq LIMIT 2 OFFSET CAST(:most AS INTEGER) - 1
