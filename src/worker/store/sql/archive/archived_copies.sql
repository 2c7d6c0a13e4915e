-- The calls of the part `a` that have copies elsewhere, each with the part whose copy counts.
(SELECT json_group_array(json_array(k.transaction_id, k.part))
 FROM archived_copies AS k
 WHERE k.network_id = a.network_id AND k.start_ms BETWEEN a.first_ms AND a.last_ms)
