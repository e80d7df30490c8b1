-- name: claim
-- The next messages of one controller and activity that are due, taken by us: nobody else's, and each one once. What a
-- worker that died had taken is taken again when its time is out.
UPDATE messages_message m SET message_state = 'sending', claimed_at = %(now)s, attempts = attempts + 1
FROM (
  SELECT subject_id, id FROM messages_message
  WHERE controller_id = %(controller)s AND activity = %(activity)s AND channel = ANY (%(channels)s)
    AND ((message_state = 'queued' AND due_at <= %(now)s) OR (message_state = 'sending' AND claimed_at < %(lapsed)s))
  ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) due
WHERE m.subject_id = due.subject_id AND m.id = due.id
RETURNING m.subject_id, m.id

-- name: give_up
-- Marketing that a worker was sending when it died: whether it went is not known, and it is not sent again.
UPDATE messages_message SET message_state = 'unknown', settled_at = %(now)s, sealed_address = NULL, reason = 'interrupted'
WHERE controller_id = %(controller)s AND activity = %(activity)s AND message_state = 'sending' AND claimed_at < %(lapsed)s

-- name: not_again
-- Messages that were on their way when a dump was made and whose time has come since: they went long ago.
UPDATE messages_message SET message_state = 'withheld', settled_at = %(now)s, sealed_address = NULL, reason = 'restored'
WHERE message_state = 'sending' OR (message_state = 'queued' AND due_at <= %(now)s)
