-- The next record of one outcome.
(SELECT h.seq FROM outcomes AS h
 WHERE h.call_id = :call_id AND h.name_key = :name_key AND h.partner_unique_id = :partner_unique_id
   AND h.revision > coalesce((SELECT p.revision FROM outcomes AS p WHERE p.seq = page.seq), 0) AND h.seq <= :last
 ORDER BY h.revision LIMIT 1)
