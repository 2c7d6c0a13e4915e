-- The reports of a batch that have the same shape of search, a row each.
WITH q AS MATERIALIZED (
  SELECT {{columns}} FROM json_each(:rows))
