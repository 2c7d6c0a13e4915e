-- Why the call was found: it, the next best one, and how many there are. Or why not: the closest call at any time that
-- passes every filter, or else the number alone, or else nothing.
{{rows}}SELECT json_array(
  {{at}},
  json(iif(w.id IS NULL, 'null', json_array(w.transaction_id, w.start_ms, w.duration_s))),
  json(iif(r.id IS NULL, 'null', json_array(r.transaction_id, r.start_ms, r.duration_s))),
  iif(w.id IS NULL, 0, {{count}}),
  json(iif(f.id IS NULL, 'null', json_array(f.transaction_id, f.start_ms, f.duration_s))),
  json(iif(p.id IS NULL, 'null', json_array(p.transaction_id, p.start_ms, p.duration_s))),
  json(iif(v.id IS NULL, 'null', json_array(v.transaction_id, v.start_ms, v.duration_s)))) AS json
FROM tokens AS t {{each}}
LEFT JOIN calls AS w ON w.id = {{call}}
LEFT JOIN calls AS r ON r.id = iif(w.id IS NULL, NULL, {{runner_up}})
LEFT JOIN calls AS f ON f.id = iif(w.id IS NULL, {{filtered}}, NULL)
LEFT JOIN calls AS p ON p.id = iif(w.id IS NULL AND f.id IS NULL, {{numbered}}, NULL)
LEFT JOIN calls AS v ON v.id = iif(w.id IS NULL AND f.id IS NULL AND p.id IS NULL, {{visible}}, NULL)
WHERE t.hash = :token AND t.revoked_at IS NULL
