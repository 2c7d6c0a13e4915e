-- Records one after the other, up to a number and a size, as D1 limits what a statement returns. Each record is found by its
-- `seq`, the primary key; the placeholder is the expression for the one after `page.seq`.
WITH RECURSIVE page (seq, place, size, json) AS (
  SELECT :after, 0, 0, NULL
  UNION ALL
  SELECT o.seq, page.place + 1, page.size + coalesce(octet_length(page.json), 0), json_array(
    o.seq, o.recorded_at,
    coalesce((SELECT n.display FROM outcome_names AS n WHERE n.network_id = o.network_id AND n.key = o.name_key),
      o.name_key),
    o.partner_unique_id, c.transaction_id, c.start_ms,
    json_array(
      o.transaction_id, o.corrects_transaction_id, o.revision, o.description, o.occurred_at, o.sale_cents, o.value,
      o.custom_1, o.custom_2, o.custom_3))
  FROM page
  JOIN outcomes AS o ON o.seq = {{next}}
  JOIN calls AS c ON c.id = o.call_id
  WHERE page.place < :most AND page.size + coalesce(octet_length(page.json), 0) < :most_bytes)
SELECT json FROM page WHERE json IS NOT NULL
