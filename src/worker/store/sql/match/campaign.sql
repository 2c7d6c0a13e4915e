-- Whether the token `t` sees the campaign that the search names: 1 or 0. Uses the primary key: takes the first id at or
-- after the wanted one and compares, so that another advertiser's campaign and an unknown one read the same number of
-- rows.
coalesce((
  SELECT g.id = :campaign_id AND (t.advertiser_id IS NULL OR g.advertiser_id IS t.advertiser_id)
  FROM campaigns AS g
  WHERE g.network_id = t.network_id AND g.id >= :campaign_id
  ORDER BY g.id LIMIT 1), 0)
