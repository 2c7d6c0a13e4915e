-- The next parts of the archive on either side of each search, nearest first, up to a limit. A part comes with those of
-- its calls that have copies elsewhere. `:searches` is a list of [first hour, last hour, and twice an hour, a start and a
-- number: later parts come after the first of these, earlier ones before the second]. The primary key of archived_hours
-- is in this order.
SELECT json_array(q.key,
  json((SELECT json_group_array(json_array(h.hour, h.first_ms, h.part, h.last_ms, h.calls, json({{copies}}))) FROM (
     SELECT * FROM archived_hours AS h
     WHERE h.network_id = t.network_id AND h.hour <= q.value ->> 1
       AND (h.hour, h.first_ms, h.part) > (q.value ->> 2, q.value ->> 3, q.value ->> 4)
     ORDER BY h.hour, h.first_ms, h.part LIMIT {{limit}}) AS h)),
  json((SELECT json_group_array(json_array(h.hour, h.first_ms, h.part, h.last_ms, h.calls, json({{copies}}))) FROM (
     SELECT * FROM archived_hours AS h
     WHERE h.network_id = t.network_id AND h.hour >= q.value ->> 0
       AND (h.hour, h.first_ms, h.part) < (q.value ->> 5, q.value ->> 6, q.value ->> 7)
     ORDER BY h.hour DESC, h.first_ms DESC, h.part DESC LIMIT {{limit}}) AS h))) AS json
FROM tokens AS t CROSS JOIN json_each(:searches) AS q
WHERE t.hash = :token AND t.revoked_at IS NULL
