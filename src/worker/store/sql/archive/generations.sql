-- The hash tables of archived calls by their ids, where the database has no call `{{call}}` with the id.
iif({{call}}.id IS NULL AND t.has_archive, (
  SELECT json_group_array(json_array(g.generation, g.buckets))
  FROM archived_ids AS g WHERE g.network_id = t.network_id), '[]')
