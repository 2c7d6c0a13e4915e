-- Whether the record `o` belongs to the export.
o.network_id = :network_id AND o.seq <= :last
AND (:from IS NULL OR o.recorded_at >= :from) AND (:to IS NULL OR o.recorded_at <= :to)
AND (:advertiser_id IS NULL OR (SELECT c.advertiser_id FROM calls AS c WHERE c.id = o.call_id) = :advertiser_id)
