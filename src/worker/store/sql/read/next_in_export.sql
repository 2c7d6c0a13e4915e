-- The next record of the export, in the order of commits.
(SELECT k.seq FROM outcomes AS k INDEXED BY outcomes_by_network
 WHERE {{exported}} AND k.seq > page.seq
 ORDER BY k.seq LIMIT 1)
