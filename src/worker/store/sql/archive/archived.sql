-- Whether archived calls may start within reach of the search: as near as the call `c` is, if there is one. The token
-- tells whether there are any, so that a network without them reads no row more. D1 binds doubles, and a quotient of doubles is no whole hour.
iif(t.has_archive, EXISTS (
  SELECT 1 FROM archived_hours AS a
  WHERE a.network_id = t.network_id
    AND a.hour BETWEEN CAST({{low}} AS INTEGER) / 3600000 AND CAST({{high}} AS INTEGER) / 3600000
    AND a.last_ms >= {{low}} AND a.first_ms <= {{high}}), 0)
