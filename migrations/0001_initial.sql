-- Networks never share data: every key and every index leads with the network.

-- An API token, by the SHA-256 of its text (lower-case hex). Without an advertiser it sees its whole network.
-- `permissions` is a space-separated list, as in an OAuth scope.
CREATE TABLE tokens (
  hash          TEXT    NOT NULL PRIMARY KEY,
  network_id    TEXT    NOT NULL,
  advertiser_id TEXT,
  permissions   TEXT    NOT NULL,
  created_at    INTEGER NOT NULL DEFAULT (unixepoch()),
  revoked_at    INTEGER
) STRICT, WITHOUT ROWID;

-- The directory that a token's access is checked against. Ids are the network's own ("ID from network").
CREATE TABLE advertisers (
  network_id TEXT NOT NULL,
  id         TEXT NOT NULL,
  name       TEXT,
  PRIMARY KEY (network_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaigns (
  network_id    TEXT NOT NULL,
  id            TEXT NOT NULL,
  advertiser_id TEXT,
  name          TEXT,
  PRIMARY KEY (network_id, id)
) STRICT, WITHOUT ROWID;

-- A campaign belongs to one advertiser for good: two imports that race cannot split it.
CREATE TRIGGER campaigns_advertiser_is_final
BEFORE UPDATE OF advertiser_id ON campaigns
WHEN OLD.advertiser_id IS NOT NULL AND NEW.advertiser_id IS NOT OLD.advertiser_id
BEGIN
  SELECT RAISE(ABORT, 'conflict: campaigns_advertiser_is_final');
END;

-- `start_ms` is Unix time in milliseconds, `duration_s` whole seconds (NULL: not known yet).
CREATE TABLE calls (
  id                INTEGER NOT NULL PRIMARY KEY,
  network_id        TEXT    NOT NULL,
  transaction_id    TEXT    NOT NULL,
  external_id       TEXT,
  advertiser_id     TEXT,
  campaign_id       TEXT,
  calling_phone     TEXT,
  destination_phone TEXT,
  start_ms          INTEGER NOT NULL,
  duration_s        INTEGER
) STRICT;

CREATE UNIQUE INDEX calls_by_transaction ON calls (network_id, transaction_id);
CREATE UNIQUE INDEX calls_by_external_id ON calls (network_id, external_id) WHERE external_id IS NOT NULL;

-- The closest match walks these from the wanted time outward. They end in the transaction id, the last tie-break,
-- so that a thousand calls of one second cost as much as one.
CREATE INDEX calls_by_start ON calls (network_id, start_ms, transaction_id);
CREATE INDEX calls_by_phone ON calls (network_id, calling_phone, start_ms, transaction_id) WHERE calling_phone IS NOT NULL;
CREATE INDEX calls_by_campaign ON calls (network_id, campaign_id, start_ms, transaction_id) WHERE campaign_id IS NOT NULL;
CREATE INDEX calls_by_advertiser ON calls (network_id, advertiser_id, start_ms, transaction_id) WHERE advertiser_id IS NOT NULL;

-- What is known of a call never changes; what is not known yet may be filled in.
CREATE TRIGGER calls_are_final
BEFORE UPDATE ON calls
WHEN (OLD.transaction_id, OLD.network_id, OLD.start_ms) IS NOT (NEW.transaction_id, NEW.network_id, NEW.start_ms)
  OR (OLD.external_id IS NOT NULL AND NEW.external_id IS NOT OLD.external_id)
  OR (OLD.advertiser_id IS NOT NULL AND NEW.advertiser_id IS NOT OLD.advertiser_id)
  OR (OLD.campaign_id IS NOT NULL AND NEW.campaign_id IS NOT OLD.campaign_id)
  OR (OLD.calling_phone IS NOT NULL AND NEW.calling_phone IS NOT OLD.calling_phone)
  OR (OLD.destination_phone IS NOT NULL AND NEW.destination_phone IS NOT OLD.destination_phone)
  OR (OLD.duration_s IS NOT NULL AND NEW.duration_s IS NOT OLD.duration_s)
BEGIN
  SELECT RAISE(ABORT, 'conflict: calls_are_final');
END;

-- How an outcome name is shown: the casing of its first stored report. `key` is its full Unicode lower-case.
CREATE TABLE outcome_names (
  network_id TEXT NOT NULL,
  key        TEXT NOT NULL,
  display    TEXT NOT NULL,
  PRIMARY KEY (network_id, key)
) STRICT, WITHOUT ROWID;

-- One row a record, appended and never changed. `seq` is the order of commits.
-- `occurred_at` and `recorded_at` are Unix seconds, `sale_cents` hundredths of the network's currency.
CREATE TABLE outcomes (
  seq                     INTEGER NOT NULL PRIMARY KEY,
  network_id              TEXT    NOT NULL,
  transaction_id          TEXT    NOT NULL,
  corrects_transaction_id TEXT,
  advertiser_id           TEXT,
  call_id                 INTEGER NOT NULL REFERENCES calls (id),
  name_key                TEXT    NOT NULL,
  partner_unique_id       TEXT    NOT NULL,
  revision                INTEGER NOT NULL,
  description             TEXT    NOT NULL,
  occurred_at             INTEGER NOT NULL,
  sale_cents              INTEGER,
  value                   INTEGER NOT NULL,
  custom_1                TEXT    NOT NULL,
  custom_2                TEXT    NOT NULL,
  custom_3                TEXT    NOT NULL,
  recorded_at             INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;

CREATE UNIQUE INDEX outcomes_by_transaction ON outcomes (network_id, transaction_id);
-- The one key that carries every rule of concurrency: one first record, and a chain that cannot fork.
CREATE UNIQUE INDEX outcomes_by_identity ON outcomes (call_id, name_key, partner_unique_id, revision);
-- The export pages by `seq`, which ends every index.
CREATE INDEX outcomes_by_network ON outcomes (network_id);

CREATE TRIGGER outcomes_are_final
BEFORE UPDATE ON outcomes
BEGIN
  SELECT RAISE(ABORT, 'outcomes are never changed');
END;

CREATE TRIGGER outcomes_are_kept
BEFORE DELETE ON outcomes
BEGIN
  SELECT RAISE(ABORT, 'outcomes are never removed');
END;

-- Transaction ids are unique among a network's calls and outcomes together.
CREATE TRIGGER calls_have_their_own_ids
BEFORE INSERT ON calls
WHEN EXISTS (SELECT 1 FROM outcomes WHERE network_id = NEW.network_id AND transaction_id = NEW.transaction_id)
BEGIN
  SELECT RAISE(ABORT, 'conflict: calls_have_their_own_ids');
END;
