-- The parts of the archive that come next on either side of each search, nearest first, up to a limit. A part comes with
-- those of its calls that have copies elsewhere. `:searches` is a list of [first hour, last hour, hour, start and number
-- behind which later parts come, the same for earlier ones]. The key of `archived_hours` is in this order.
SELECT json_array(q.key,
  json((SELECT json_group_array(json_array(a.hour, a.first_ms, a.part, a.last_ms, a.calls, json({{copies}}))) FROM (
     SELECT * FROM archived_hours
     WHERE network_id = t.network_id AND hour <= q.value ->> 1
       AND (hour, first_ms, part) > (q.value ->> 2, q.value ->> 3, q.value ->> 4)
     ORDER BY hour, first_ms, part LIMIT {{most}}) AS a)),
  json((SELECT json_group_array(json_array(a.hour, a.first_ms, a.part, a.last_ms, a.calls, json({{copies}}))) FROM (
     SELECT * FROM archived_hours
     WHERE network_id = t.network_id AND hour >= q.value ->> 0
       AND (hour, first_ms, part) < (q.value ->> 5, q.value ->> 6, q.value ->> 7)
     ORDER BY hour DESC, first_ms DESC, part DESC LIMIT {{most}}) AS a))) AS json
FROM tokens AS t CROSS JOIN json_each(:searches) AS q
WHERE t.hash = :token AND t.revoked_at IS NULL
