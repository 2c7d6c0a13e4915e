-- Why a search by time found its call or none. Where it found one: the call, the next best one, and those that started
-- closest, which also tell how many there are. Where it found none: the closest call at any time that passes every filter,
-- or else the one of the phone number, or else any. Each call is read by its primary key; a later search runs only where the
-- ones before found nothing.
{{rows}}SELECT json_array(
  {{at}},
  json(iif(chosen.id IS NULL, 'null', json_array(chosen.transaction_id, chosen.start_ms, chosen.duration_s))),
  json(iif(runner_up.id IS NULL, 'null', json_array(runner_up.transaction_id, runner_up.start_ms, runner_up.duration_s))),
  json(iif(filtered.id IS NULL, 'null', json_array(filtered.transaction_id, filtered.start_ms, filtered.duration_s))),
  json(iif(numbered.id IS NULL, 'null', json_array(numbered.transaction_id, numbered.start_ms, numbered.duration_s))),
  json(iif(visible.id IS NULL, 'null', json_array(visible.transaction_id, visible.start_ms, visible.duration_s))),
  json(iif(chosen.id IS NULL, '[]', {{near}}))) AS json
FROM tokens AS t {{each}}
LEFT JOIN calls AS chosen ON chosen.id = {{call}}
LEFT JOIN calls AS runner_up ON runner_up.id = iif(chosen.id IS NULL, NULL, {{runner_up}})
LEFT JOIN calls AS filtered ON filtered.id = iif(chosen.id IS NULL, {{filtered}}, NULL)
LEFT JOIN calls AS numbered ON numbered.id = iif(chosen.id IS NULL AND filtered.id IS NULL, {{numbered}}, NULL)
LEFT JOIN calls AS visible
  ON visible.id = iif(chosen.id IS NULL AND filtered.id IS NULL AND numbered.id IS NULL, {{visible}}, NULL)
WHERE t.hash = :token AND t.revoked_at IS NULL
