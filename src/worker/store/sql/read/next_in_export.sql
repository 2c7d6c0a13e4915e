-- The next record of the export in the order of commits. Uses outcomes_by_network, which ends in `seq`.
(SELECT o.seq FROM outcomes AS o INDEXED BY outcomes_by_network
 WHERE {{exported}} AND o.seq > page.seq
 ORDER BY o.seq LIMIT 1)
