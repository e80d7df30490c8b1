-- name: not_read
-- A position counts the transactions of the server that a dump was made on: of another one it says nothing.
UPDATE api_webhook_endpoint SET read_to = NULL
