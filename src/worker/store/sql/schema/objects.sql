-- What the database consists of.
SELECT json_quote(type || ' ' || name) AS json FROM sqlite_master WHERE type IN ('table', 'index', 'trigger')
