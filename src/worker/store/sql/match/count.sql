-- How many calls pass the filters within the window, counted up to a limit. Over an index in the order of start.
(SELECT count(*) FROM (
   SELECT 1 FROM calls AS c INDEXED BY {{index}}
   WHERE {{scope}} AND c.start_ms BETWEEN :earliest AND :latest
   LIMIT {{limit}}))
