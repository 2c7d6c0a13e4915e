-- Whether the token `t` may report, and may see the network, advertiser and campaign that the search names. A campaign
-- and an advertiser that do not belong together have no call. Each look-up is one step of a primary key.
(instr(' ' || t.permissions || ' ', ' ' || :permission || ' ') > 0
 AND (:network_id IS NULL OR :network_id = t.network_id)
 AND (:path_network_id IS NULL OR :path_network_id = t.network_id)
 AND (:advertiser_id IS NULL OR (t.advertiser_id IS NULL AND EXISTS (
   SELECT 1 FROM advertisers AS d WHERE d.network_id = t.network_id AND d.id = :advertiser_id)))
 AND (:campaign_id IS NULL OR (
   {{campaign}}
   AND (:advertiser_id IS NULL OR EXISTS (
     SELECT 1 FROM campaigns AS g
     WHERE g.network_id = t.network_id AND g.id = :campaign_id AND g.advertiser_id = :advertiser_id)))))
