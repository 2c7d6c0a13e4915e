-- The current record of the outcome on the call `c`: one step at the end of outcomes_by_identity.
(SELECT o.seq FROM outcomes AS o
 WHERE o.call_id = c.id AND o.name_key = :name_key AND o.partner_unique_id = :partner_unique_id
 ORDER BY o.revision DESC LIMIT 1)
