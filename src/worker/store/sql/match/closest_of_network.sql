-- The id of the closest call of a network, with a duration. Two walks go outward from what is wanted, a step each in turn:
-- one over the starts, a call a step on each side, one over the durations that exist, of each of which only the nearest call on
-- each side of the wanted start can be the closest. What neither has seen yet is at least as far as both have come
-- together, so they end once that is farther than the best call seen. The cheaper walk, whichever it is, is thus followed
-- for about as long as it would take alone, at twice its rows.
--
-- A call's preference is one text: distance, difference of the starts, start. `after` and `before` are that of a call,
-- then its start and id; `high` and `low` are the next durations to look at, `found` is the best of the one before. The lowest transaction id of the best preference comes last: its duration is one of two.
(WITH RECURSIVE walk (after, before, high, low, found, best) AS (
   SELECT
     {{none}} || printf('%015d', :start), {{none}} || printf('%015d', :start),
     (SELECT {{duration}} FROM calls AS k INDEXED BY calls_by_duration
      WHERE {{scope}} AND {{duration}} >= :duration ORDER BY {{duration}} LIMIT 1),
     (SELECT {{duration}} FROM calls AS k INDEXED BY calls_by_duration
      WHERE {{scope}} AND {{duration}} < :duration ORDER BY {{duration}} DESC LIMIT 1),
     {{none}}, {{none}}
   UNION ALL
   SELECT
     (SELECT {{preference}} || printf('%015d', k.start_ms) || k.transaction_id
      FROM calls AS k INDEXED BY calls_by_start
      WHERE {{scope}} AND k.start_ms <= :latest
        AND (k.start_ms, k.transaction_id) > (CAST(substr(walk.after, 46, 15) AS INTEGER), substr(walk.after, 61))
      ORDER BY k.start_ms, k.transaction_id LIMIT 1),
     (SELECT {{preference}} || printf('%015d', k.start_ms) || k.transaction_id
      FROM calls AS k INDEXED BY calls_by_start
      WHERE {{scope}} AND k.start_ms >= :earliest
        AND (k.start_ms, k.transaction_id) < (CAST(substr(walk.before, 46, 15) AS INTEGER), substr(walk.before, 61))
      ORDER BY k.start_ms DESC, k.transaction_id DESC LIMIT 1),
     iif({{high_off}} > {{low_off}}, walk.high, (
       SELECT {{duration}} FROM calls AS k INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} > walk.high ORDER BY {{duration}} LIMIT 1)),
     iif({{high_off}} <= {{low_off}}, walk.low, (
       SELECT {{duration}} FROM calls AS k INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} < walk.low ORDER BY {{duration}} DESC LIMIT 1)),
     min(
       ifnull((
         SELECT {{preference}} FROM calls AS k INDEXED BY calls_by_duration
         WHERE {{scope}} AND {{duration}} = {{next}} AND k.start_ms BETWEEN :start AND :latest
         ORDER BY k.start_ms LIMIT 1), {{none}}),
       ifnull((
         SELECT {{preference}} FROM calls AS k INDEXED BY calls_by_duration
         WHERE {{scope}} AND {{duration}} = {{next}} AND k.start_ms >= :earliest AND k.start_ms < :start
         ORDER BY k.start_ms DESC LIMIT 1), {{none}})),
     {{best}}
   FROM walk
   WHERE CAST(substr({{best}}, 1, 15) AS INTEGER) >=
     min({{after_off}}, {{before_off}}) + 1000 * min({{high_off}}, {{low_off}}))
 SELECT (
   SELECT id FROM (
     SELECT * FROM (
       SELECT k.id, k.transaction_id FROM calls AS k INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} = :duration - closest.off AND k.start_ms = closest.start
       ORDER BY k.transaction_id LIMIT 1)
     UNION ALL
     SELECT * FROM (
       SELECT k.id, k.transaction_id FROM calls AS k INDEXED BY calls_by_duration
       WHERE {{scope}} AND {{duration}} = :duration + closest.off AND k.start_ms = closest.start
       ORDER BY k.transaction_id LIMIT 1))
   ORDER BY transaction_id LIMIT 1)
 FROM (
   SELECT
     CAST(substr(best, 31) AS INTEGER) AS start,
     (CAST(substr(best, 1, 15) AS INTEGER) - CAST(substr(best, 16, 15) AS INTEGER)) / 1000 AS off
   FROM (SELECT min({{best}}) AS best FROM walk)) AS closest)
