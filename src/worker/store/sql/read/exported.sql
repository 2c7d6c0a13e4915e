-- Whether the record `k` belongs to the export.
k.network_id = :network_id AND k.seq <= :last
AND (:from IS NULL OR k.recorded_at >= :from) AND (:to IS NULL OR k.recorded_at <= :to)
AND (:advertiser_id IS NULL OR (SELECT x.advertiser_id FROM calls AS x WHERE x.id = k.call_id) = :advertiser_id)
