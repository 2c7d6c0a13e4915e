-- A row if the token is valid at the moment at which the batch stores. Uses the primary key.
SELECT 'true' AS json FROM tokens AS t WHERE t.hash = :token AND t.revoked_at IS NULL
