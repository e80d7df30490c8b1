-- name: begin
-- What is remembered of a call, and whether nobody else is working on it.
SELECT free, payload, status, answer FROM api_begin(%(space)s, %(lock)s, %(client)s, %(key)s)

-- name: remember
-- The call with its answer, in the transaction of what was done; one that was cut off before it was answered is answered.
INSERT INTO api_call (client_id, key, payload, received_at, status, answer)
VALUES (%(client)s, %(key)s, %(payload)s, %(at)s, %(status)s, %(answer)s::jsonb)
ON CONFLICT (client_id, key) DO UPDATE SET status = excluded.status, answer = excluded.answer
