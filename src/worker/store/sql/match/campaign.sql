-- Whether the token `t` sees the campaign that was named: 1 or 0. It seeks "at or behind" and compares, so that
-- another advertiser's campaign and one that is not there read the same rows.
coalesce((
  SELECT g.id = :campaign_id AND (t.advertiser_id IS NULL OR g.advertiser_id IS t.advertiser_id)
  FROM campaigns AS g
  WHERE g.network_id = t.network_id AND g.id >= :campaign_id
  ORDER BY g.id LIMIT 1), 0)
