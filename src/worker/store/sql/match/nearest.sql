-- The id of the call that started closest, without a duration: the nearest start on each side, one index step
-- each, then the lowest transaction id of the nearer start (the earlier one of two).
(SELECT k.id
 FROM calls AS k INDEXED BY {{index}}
 WHERE {{scope}} AND k.start_ms = (
   SELECT start_ms FROM (
     SELECT * FROM (
       SELECT k.start_ms FROM calls AS k INDEXED BY {{index}}
       WHERE {{scope}} AND k.start_ms BETWEEN :earliest AND :start
       ORDER BY k.start_ms DESC LIMIT 1)
     UNION ALL
     SELECT * FROM (
       SELECT k.start_ms FROM calls AS k INDEXED BY {{index}}
       WHERE {{scope}} AND k.start_ms > :start AND k.start_ms <= :latest
       ORDER BY k.start_ms LIMIT 1))
   ORDER BY abs(start_ms - :start), start_ms LIMIT 1)
 ORDER BY k.transaction_id LIMIT 1)
