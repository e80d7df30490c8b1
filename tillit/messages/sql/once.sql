-- name: begin
-- One row if this has never been begun, or was begun too long ago to be still under way; none otherwise.
INSERT INTO messages_once (digest, begun_at, finished) VALUES (%(digest)s, %(at)s, false)
ON CONFLICT (digest) DO UPDATE SET begun_at = excluded.begun_at
WHERE NOT messages_once.finished AND messages_once.begun_at < %(lapsed)s
RETURNING digest

-- name: finish
-- It has been acted upon.
UPDATE messages_once SET finished = true WHERE digest = %(digest)s

-- name: forget
-- It may be begun again.
DELETE FROM messages_once WHERE digest = %(digest)s AND NOT finished
