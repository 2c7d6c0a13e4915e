-- Whether archived calls may start within reach of the search: as near as the call `c`, if there is one. Uses the primary
-- key of archived_hours. `has_archive` of the token saves networks without archived calls that look-up.
-- D1 binds doubles, and only a quotient of integers is a whole hour: hence CAST.
iif(t.has_archive, EXISTS (
  SELECT 1 FROM archived_hours AS h
  WHERE h.network_id = t.network_id
    AND h.hour BETWEEN CAST({{low}} AS INTEGER) / 3600000 AND CAST({{high}} AS INTEGER) / 3600000
    AND h.last_ms >= {{low}} AND h.first_ms <= {{high}}), 0)
