-- The id of the closest call, with a duration. `best` is the order of preference as one text: distance, difference
-- of the starts, start, transaction id; then the call's id. The walk looks at rings around the wanted start: the
-- first reaches to the nearest start, each other one four times as far as the one before, none farther than the
-- distance of the best call so far, as every call that starts farther away is worse.
(WITH RECURSIVE walk (seen, next, best) AS (
   SELECT -1, (
     SELECT min(abs(start_ms - :start)) FROM (
       SELECT * FROM (
         SELECT k.start_ms FROM calls AS k INDEXED BY {{index}}
         WHERE {{scope}} AND k.start_ms BETWEEN :earliest AND :start
         ORDER BY k.start_ms DESC LIMIT 1)
       UNION ALL
       SELECT * FROM (
         SELECT k.start_ms FROM calls AS k INDEXED BY {{index}}
         WHERE {{scope}} AND k.start_ms > :start AND k.start_ms <= :latest
         ORDER BY k.start_ms LIMIT 1))), '999999999999999'
   UNION ALL
   SELECT
     {{reach}},
     min(max(4 * walk.next, 4000), :latest - :start),
     min(walk.best, ifnull((
       SELECT min(printf('%015d%015d%015d%s %d',
         abs(start_ms - :start) + 1000 * abs(coalesce(duration_s, 0) - :duration), abs(start_ms - :start),
         start_ms, transaction_id, id))
       FROM (
         SELECT k.start_ms, k.duration_s, k.transaction_id, k.id FROM calls AS k INDEXED BY {{index}}
         WHERE {{scope}} AND k.start_ms BETWEEN :start - {{reach}} AND :start - walk.seen - 1
         UNION ALL
         SELECT k.start_ms, k.duration_s, k.transaction_id, k.id FROM calls AS k INDEXED BY {{index}}
         WHERE {{scope}} AND k.start_ms BETWEEN :start + max(walk.seen, 0) + 1 AND :start + {{reach}})), walk.best))
   FROM walk
   WHERE {{reach}} > walk.seen)
 SELECT CAST(substr(min(best), instr(min(best), ' ') + 1) AS INTEGER) FROM walk WHERE instr(best, ' ') > 0)
