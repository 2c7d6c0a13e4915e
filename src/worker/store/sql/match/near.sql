-- The candidates that started closest: the last ones before the wanted start, and the first ones from it on, in the order of
-- start and transaction id. Over an index in that order.
(SELECT json_group_array(json_array(transaction_id, start_ms, duration_s)) FROM (
   SELECT * FROM (
     SELECT c.transaction_id, c.start_ms, c.duration_s FROM calls AS c INDEXED BY {{index}}
     WHERE {{scope}} AND c.start_ms >= :earliest AND c.start_ms < :start
     ORDER BY c.start_ms DESC, c.transaction_id DESC LIMIT {{neighbours}})
   UNION ALL
   SELECT * FROM (
     SELECT c.transaction_id, c.start_ms, c.duration_s FROM calls AS c INDEXED BY {{index}}
     WHERE {{scope}} AND c.start_ms >= :start AND c.start_ms <= :latest
     ORDER BY c.start_ms, c.transaction_id LIMIT {{neighbours}})))
