-- The id of the call, or NULL where another one is about as close. Reads both calls by their primary key.
(SELECT chosen.id
 FROM calls AS chosen LEFT JOIN calls AS runner_up ON runner_up.id = {{runner_up}}
 WHERE chosen.id = {{call}}
   AND (runner_up.id IS NULL OR {{runner_up_distance}} - {{chosen_distance}} >= :ambiguity))
