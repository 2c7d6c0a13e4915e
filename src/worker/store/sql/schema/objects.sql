-- The tables, indexes and triggers of the database.
SELECT json_quote(type || ' ' || name) AS json FROM sqlite_master WHERE type IN ('table', 'index', 'trigger')
