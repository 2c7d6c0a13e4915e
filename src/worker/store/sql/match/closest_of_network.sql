-- The id of the call of a network that is closest by start and duration, where no filter narrows the search down.
--
-- Two walks go outward from what is wanted and take turns. One goes over the starts (calls_by_start), a call a step on
-- each side. The other goes over the durations that exist (calls_by_duration), a duration a step; of each duration only
-- the nearest call on each side of the wanted start can be the closest. A call that neither walk has seen differs by at
-- least as much as both have come, so both end once that is more than the distance of the best call seen. The walk that
-- would be shorter alone thus ends both, which reads at most about twice its rows.
--
-- Columns of `walk`:
--   after, before  the last calls that the walk over the starts has seen, later and earlier than the wanted start: the
--                  preference (see search.rs), then the transaction id. NULL at the end
--   high, low      the next durations to look at, from the wanted one up, and below it. NULL at the end
--   found          the better preference of the duration that was looked at last
--   best           the best preference of the steps before
--
-- The last step finds the call of the best preference. Its duration is one of two, and of equally good calls it takes the
-- one with the lowest transaction id.
(WITH RECURSIVE walk (after, before, high, low, found, best) AS (
   SELECT
     {{at_start}}, {{at_start}},
     (SELECT {{duration}} FROM calls AS c INDEXED BY calls_by_duration
      WHERE {{scope}} AND {{duration}} >= :duration ORDER BY {{duration}} LIMIT 1),
     (SELECT {{duration}} FROM calls AS c INDEXED BY calls_by_duration
      WHERE {{scope}} AND {{duration}} < :duration ORDER BY {{duration}} DESC LIMIT 1),
     {{none}}, {{none}}
   UNION ALL
   SELECT
     (SELECT {{preference}} || c.transaction_id FROM calls AS c INDEXED BY calls_by_start
      WHERE {{scope}} AND c.start_ms <= :latest
        AND (c.start_ms, c.transaction_id) > ({{after_start}}, substr(walk.after, 46))
      ORDER BY c.start_ms, c.transaction_id LIMIT 1),
     (SELECT {{preference}} || c.transaction_id FROM calls AS c INDEXED BY calls_by_start
      WHERE {{scope}} AND c.start_ms >= :earliest
        AND (c.start_ms, c.transaction_id) < ({{before_start}}, substr(walk.before, 46))
      ORDER BY c.start_ms DESC, c.transaction_id DESC LIMIT 1),
     iif({{is_low_next}}, walk.high, (
       SELECT {{duration}} FROM calls AS c INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} > walk.high ORDER BY {{duration}} LIMIT 1)),
     iif({{is_low_next}}, (
       SELECT {{duration}} FROM calls AS c INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} < walk.low ORDER BY {{duration}} DESC LIMIT 1), walk.low),
     min(
       ifnull((
         SELECT {{preference}} FROM calls AS c INDEXED BY calls_by_duration
         WHERE {{scope}} AND {{duration}} = {{next_duration}} AND c.start_ms BETWEEN :start AND :latest
         ORDER BY c.start_ms LIMIT 1), {{none}}),
       ifnull((
         SELECT {{preference}} FROM calls AS c INDEXED BY calls_by_duration
         WHERE {{scope}} AND {{duration}} = {{next_duration}} AND c.start_ms >= :earliest AND c.start_ms < :start
         ORDER BY c.start_ms DESC LIMIT 1), {{none}})),
     {{best}}
   FROM walk
   WHERE CAST(substr({{best}}, 1, 15) AS INTEGER) >= {{unseen}})
 SELECT (
   SELECT id FROM (
     SELECT * FROM (
       SELECT c.id, c.transaction_id FROM calls AS c INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} = :duration - closest.off AND c.start_ms = closest.start
       ORDER BY c.transaction_id LIMIT 1)
     UNION ALL
     SELECT * FROM (
       SELECT c.id, c.transaction_id FROM calls AS c INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} = :duration + closest.off AND c.start_ms = closest.start
       ORDER BY c.transaction_id LIMIT 1))
   ORDER BY transaction_id LIMIT 1)
 FROM (
   SELECT
     CAST(substr(best, 31, 15) AS INTEGER) AS start,
     (CAST(substr(best, 1, 15) AS INTEGER) - CAST(substr(best, 16, 15) AS INTEGER)) / {{second}} AS off
   FROM (SELECT min({{best}}) AS best FROM walk)) AS closest)
