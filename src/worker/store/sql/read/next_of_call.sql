-- The current record of the call's next outcome, by name and partner's id.
(SELECT (
   SELECT h.seq FROM outcomes AS h
   WHERE h.call_id = n.call_id AND h.name_key = n.name_key AND h.partner_unique_id = n.partner_unique_id
   ORDER BY h.revision DESC LIMIT 1)
 FROM outcomes AS n
 WHERE n.call_id = :call_id AND (n.name_key, n.partner_unique_id) > (
   coalesce((SELECT p.name_key FROM outcomes AS p WHERE p.seq = page.seq), ''),
   coalesce((SELECT p.partner_unique_id FROM outcomes AS p WHERE p.seq = page.seq), ''))
 ORDER BY n.name_key, n.partner_unique_id LIMIT 1)
