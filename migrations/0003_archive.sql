-- Which archived calls there are, and under which keys of KV. The calls themselves are in KV only.

-- The parts of an archived hour. `hour` is Unix time in hours, UTC. The calls of a part started between `first_ms` and
-- `last_ms`. A search reads parts outward from the wanted start, so the key is in the order of time.
CREATE TABLE archived_hours (
  network_id TEXT    NOT NULL,
  hour       INTEGER NOT NULL,
  first_ms   INTEGER NOT NULL,
  part       INTEGER NOT NULL,
  last_ms    INTEGER NOT NULL,
  calls      INTEGER NOT NULL,
  PRIMARY KEY (network_id, hour, first_ms, part)
) STRICT, WITHOUT ROWID;

-- The same calls by their ids: each generation is a hash table of so many buckets, a key of KV each. A later generation
-- wins over an earlier one. `archive-calls` merges generations as they grow, so a network has few.
CREATE TABLE archived_ids (
  network_id TEXT    NOT NULL,
  generation INTEGER NOT NULL,
  buckets    INTEGER NOT NULL,
  entries    INTEGER NOT NULL,
  PRIMARY KEY (network_id, generation)
) STRICT, WITHOUT ROWID;

-- Archived calls with more than one copy, by when they started. A call that is back in `calls` has no `part`: the row in
-- `calls` counts. One that was archived again counts as the copy in `part`.
CREATE TABLE archived_copies (
  network_id     TEXT    NOT NULL,
  start_ms       INTEGER NOT NULL,
  transaction_id TEXT    NOT NULL,
  part           INTEGER,
  PRIMARY KEY (network_id, start_ms, transaction_id)
) STRICT, WITHOUT ROWID;

-- The one run of `archive-calls` that may be under way, and when it last showed that it is alive (Unix seconds).
CREATE TABLE archive_runs (
  id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  run     INTEGER NOT NULL,
  process TEXT    NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

-- Whether the token's network has archived calls: a report reads its token anyway. Once set, it stays.
ALTER TABLE tokens ADD COLUMN has_archive INTEGER NOT NULL DEFAULT 0;

-- For the first part only, as this reads every token.
CREATE TRIGGER archived_hours_show_in_tokens
AFTER INSERT ON archived_hours
WHEN (SELECT count(*) FROM (SELECT 1 FROM archived_hours WHERE network_id = NEW.network_id LIMIT 2)) = 1
BEGIN
  UPDATE tokens SET has_archive = 1 WHERE network_id = NEW.network_id AND has_archive = 0;
END;

CREATE TRIGGER tokens_show_archived_hours
AFTER INSERT ON tokens
WHEN EXISTS (SELECT 1 FROM archived_hours WHERE network_id = NEW.network_id)
BEGIN
  UPDATE tokens SET has_archive = 1 WHERE hash = NEW.hash;
END;
