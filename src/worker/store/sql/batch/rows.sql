-- The reports of a batch that search alike, a row each.
WITH q AS MATERIALIZED (
  SELECT {{columns}} FROM json_each(:rows))
