-- The id of the call that is closest by start and duration, over an index in the order of start.
--
-- Looks at rings around the wanted start. The first reaches to the nearest start, each further one four times as far as the
-- one before, but none farther than the distance of the best call so far: a call that starts farther away is worse.
--
-- Columns of `walk`: how far the rings so far have reached, in milliseconds; how far the next one may reach; and the best
-- call so far, as its preference (see search.rs), its transaction id, a space and its id.
(WITH RECURSIVE walk (seen, next, best) AS (
   SELECT -1, (
     SELECT min(abs(start_ms - :start)) FROM (
       SELECT * FROM (
         SELECT c.start_ms FROM calls AS c INDEXED BY {{index}}
         WHERE {{scope}} AND c.start_ms BETWEEN :earliest AND :start
         ORDER BY c.start_ms DESC LIMIT 1)
       UNION ALL
       SELECT * FROM (
         SELECT c.start_ms FROM calls AS c INDEXED BY {{index}}
         WHERE {{scope}} AND c.start_ms > :start AND c.start_ms <= :latest
         ORDER BY c.start_ms LIMIT 1))), {{none}}
   UNION ALL
   SELECT
     {{reach}},
     min(max(4 * walk.next, 4000), :latest - :start),
     min(walk.best, ifnull((
       SELECT min({{preference}} || c.transaction_id || ' ' || c.id)
       FROM (
         SELECT c.start_ms, c.duration_s, c.transaction_id, c.id FROM calls AS c INDEXED BY {{index}}
         WHERE {{scope}} AND c.start_ms BETWEEN :start - {{reach}} AND :start - walk.seen - 1
         UNION ALL
         SELECT c.start_ms, c.duration_s, c.transaction_id, c.id FROM calls AS c INDEXED BY {{index}}
         WHERE {{scope}} AND c.start_ms BETWEEN :start + max(walk.seen, 0) + 1 AND :start + {{reach}}) AS c), walk.best))
   FROM walk
   WHERE {{reach}} > walk.seen)
 SELECT CAST(substr(min(best), instr(min(best), ' ') + 1) AS INTEGER) FROM walk WHERE instr(best, ' ') > 0)
