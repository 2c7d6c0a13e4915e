-- The id of the call, NULL where another one is about as close.
(SELECT w.id
 FROM calls AS w LEFT JOIN calls AS r ON r.id = {{runner_up}}
 WHERE w.id = {{call}} AND (r.id IS NULL OR {{distance_r}} - {{distance_w}} >= :ambiguity))
