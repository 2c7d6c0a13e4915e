-- The calls of the part `h` that have copies elsewhere, each with the part whose copy counts. Uses the primary key.
(SELECT json_group_array(json_array(k.transaction_id, k.part))
 FROM archived_copies AS k
 WHERE k.network_id = h.network_id AND k.start_ms BETWEEN h.first_ms AND h.last_ms)
