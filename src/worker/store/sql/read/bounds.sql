-- Between which records those of a time lie, found in as many steps as their number has bits. The clock that times
-- records may have been set back, but not by an hour.
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
