-- The next record of one outcome. Uses outcomes_by_identity, which ends in the revision.
(SELECT o.seq FROM outcomes AS o
 WHERE o.call_id = :call_id AND o.name_key = :name_key AND o.partner_unique_id = :partner_unique_id
   AND o.revision > coalesce((SELECT o.revision FROM outcomes AS o WHERE o.seq = page.seq), 0) AND o.seq <= :last
 ORDER BY o.revision LIMIT 1)
