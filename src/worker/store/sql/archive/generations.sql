-- The hash tables of archived calls by their ids, where the database has no call `c`. Uses the primary key.
iif(c.id IS NULL AND t.has_archive, (
  SELECT json_group_array(json_array(i.generation, i.buckets))
  FROM archived_ids AS i WHERE i.network_id = t.network_id), '[]')
