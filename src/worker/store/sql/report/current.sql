-- The current record of the outcome on the call `c`: one index step.
(SELECT h.seq FROM outcomes AS h
 WHERE h.call_id = c.id AND h.name_key = :name_key AND h.partner_unique_id = :partner_unique_id
 ORDER BY h.revision DESC LIMIT 1)
