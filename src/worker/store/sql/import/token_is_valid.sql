-- A row if the token is good, at the moment at which the batch stores.
SELECT 'true' AS json FROM tokens WHERE hash = :token AND revoked_at IS NULL
