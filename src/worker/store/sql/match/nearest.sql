-- The id of the call that started closest, where the search names no duration. Over an index in the order of start: the
-- nearest start on each side, one step each, then the lowest transaction id at the nearer start (the earlier one of two).
(SELECT c.id
 FROM calls AS c INDEXED BY {{index}}
 WHERE {{scope}} AND c.start_ms = (
   SELECT start_ms FROM (
     SELECT * FROM (
       SELECT c.start_ms FROM calls AS c INDEXED BY {{index}}
       WHERE {{scope}} AND c.start_ms BETWEEN :earliest AND :start
       ORDER BY c.start_ms DESC LIMIT 1)
     UNION ALL
     SELECT * FROM (
       SELECT c.start_ms FROM calls AS c INDEXED BY {{index}}
       WHERE {{scope}} AND c.start_ms > :start AND c.start_ms <= :latest
       ORDER BY c.start_ms LIMIT 1))
   ORDER BY abs(start_ms - :start), start_ms LIMIT 1)
 ORDER BY c.transaction_id LIMIT 1)
