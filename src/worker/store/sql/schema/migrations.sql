-- The migrations that wrangler has applied, the newest last.
SELECT json_quote(name) AS json FROM d1_migrations ORDER BY id
