-- The current record of the call's next outcome, by name and partner's id. Uses outcomes_by_identity twice: to find the next
-- outcome, and to find its last revision.
(SELECT (
   SELECT o.seq FROM outcomes AS o
   WHERE o.call_id = outcome.call_id AND o.name_key = outcome.name_key
     AND o.partner_unique_id = outcome.partner_unique_id
   ORDER BY o.revision DESC LIMIT 1)
 FROM outcomes AS outcome
 WHERE outcome.call_id = :call_id AND (outcome.name_key, outcome.partner_unique_id) > (
   coalesce((SELECT o.name_key FROM outcomes AS o WHERE o.seq = page.seq), ''),
   coalesce((SELECT o.partner_unique_id FROM outcomes AS o WHERE o.seq = page.seq), ''))
 ORDER BY outcome.name_key, outcome.partner_unique_id LIMIT 1)
