-- The first record of an outcome brings its name as it was reported. The trigger stores the name's casing if the network
-- has none yet, so that a report needs no statement of its own for it. A correction brings no name (NULL), as do records
-- from before this migration, whose names are stored already.
ALTER TABLE outcomes ADD COLUMN name TEXT;

-- The first report to commit wins: later ones, also those that run at the same time, find the key taken.
CREATE TRIGGER outcomes_bring_names
AFTER INSERT ON outcomes
WHEN NEW.name IS NOT NULL
BEGIN
  INSERT INTO outcome_names (network_id, key, display) VALUES (NEW.network_id, NEW.name_key, NEW.name)
  ON CONFLICT DO NOTHING;
END;
