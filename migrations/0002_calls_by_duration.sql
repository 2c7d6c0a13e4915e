-- The other axis of the closest match: in a dense network few durations are about as long as the wanted one. An unknown
-- duration counts as none. Without a caller's number only, so it is the seventh index that a call is in at most.
CREATE INDEX calls_by_duration ON calls (network_id, coalesce(duration_s, 0), start_ms, transaction_id);
