-- The last record of a full page and the one after it, as far as there are so many. Uses outcomes_by_network.
SELECT json_array(o.seq, o.transaction_id) AS json FROM outcomes AS o INDEXED BY outcomes_by_network
WHERE {{exported}} AND o.seq > :after
ORDER BY o.seq LIMIT 2 OFFSET CAST(:most AS INTEGER) - 1
