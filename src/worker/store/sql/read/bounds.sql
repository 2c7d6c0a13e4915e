-- Between which `seq` the records of a period lie, by bisection over the primary key: a step for each bit. Allows for a
-- clock that was set back by up to an hour, since `recorded_at` is the database's clock.
SELECT json_array(
  (WITH RECURSIVE bisect (low, high) AS (
     SELECT 0, (SELECT coalesce(max(seq), 0) FROM outcomes) + 1
     UNION ALL
     SELECT iif(o.recorded_at < :from - 3600, o.seq, low), iif(o.recorded_at < :from - 3600, high, o.seq)
     FROM bisect JOIN outcomes AS o ON o.seq = (low + high) / 2
     WHERE high - low > 1)
   SELECT max(low) FROM bisect),
  (WITH RECURSIVE bisect (low, high) AS (
     SELECT 0, (SELECT coalesce(max(seq), 0) FROM outcomes) + 1
     UNION ALL
     SELECT iif(o.recorded_at <= :to + 3600, o.seq, low), iif(o.recorded_at <= :to + 3600, high, o.seq)
     FROM bisect JOIN outcomes AS o ON o.seq = (low + high) / 2
     WHERE high - low > 1)
   SELECT min(high) FROM bisect)) AS json
