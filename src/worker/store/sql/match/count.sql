-- How many calls pass the filters within the window, up to a limit.
(SELECT count(*) FROM (
   SELECT 1 FROM calls AS k INDEXED BY {{index}}
   WHERE {{scope}} AND k.start_ms BETWEEN :earliest AND :latest
   LIMIT {{most}}))
