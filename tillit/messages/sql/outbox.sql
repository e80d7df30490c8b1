-- name: claim
-- The next messages of one controller and activity that are due, taken by us: nobody else's, and each one once. What a
-- worker that died had taken and not handed over is taken again at once; what it had handed over (`again`: where it may
-- be sent twice) when its time is out. Campaigns that are paused (`held`) wait.
UPDATE messages_message m SET message_state = 'sending', claimed_at = %(now)s, claimed_by = %(worker)s, handed_at = NULL,
  attempts = attempts + 1
FROM (
  SELECT subject_id, id FROM messages_message
  WHERE controller_id = %(controller)s AND activity = %(activity)s AND channel = ANY (%(channels)s)
    AND ((message_state = 'queued' AND due_at <= %(now)s)
      OR (message_state = 'sending' AND handed_at IS NULL AND (claimed_at < %(lapsed)s OR claimed_by = ANY (%(dead)s)))
      OR (message_state = 'sending' AND handed_at IS NOT NULL AND %(again)s AND claimed_at < %(lapsed)s))
    AND (campaign_id IS NULL OR campaign_id <> ALL (%(held)s::bigint[]))
  ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) due
WHERE m.subject_id = due.subject_id AND m.id = due.id
RETURNING m.subject_id, m.id

-- name: give_up
-- Marketing that a worker was handing over when it died: whether it went is not known, and it is not sent again.
UPDATE messages_message SET message_state = 'unknown', settled_at = %(now)s, sealed_address = NULL, reason = 'interrupted'
WHERE controller_id = %(controller)s AND activity = %(activity)s AND message_state = 'sending' AND claimed_at < %(lapsed)s
  AND handed_at IS NOT NULL
RETURNING subject_id

-- name: work
-- This worker is alive as long as its connection: whoever looks sees the lock.
SELECT pg_advisory_lock(%(space)s, %(worker)s)

-- name: rest
-- This worker has no more to do.
SELECT pg_advisory_unlock(%(space)s, %(worker)s)

-- name: dead
-- The workers that had taken messages of one controller and activity and are no more.
SELECT w.claimed_by FROM (
  SELECT DISTINCT claimed_by FROM messages_message
  WHERE controller_id = %(controller)s AND activity = %(activity)s AND message_state = 'sending' AND handed_at IS NULL
    AND claimed_by IS NOT NULL
) w
WHERE NOT EXISTS (
  SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = %(space)s AND l.objid = w.claimed_by AND l.objsubid = 2 AND l.granted)

-- name: hand_over
-- From here on the message may have left: ours still, and not handed over before.
UPDATE messages_message SET handed_at = %(now)s
WHERE subject_id = %(subject)s AND id = %(id)s AND message_state = 'sending' AND claimed_by = %(worker)s AND handed_at IS NULL

-- name: not_again
-- Messages that were on their way when a dump was made and whose time has come since: they went long ago.
UPDATE messages_message SET message_state = 'withheld', settled_at = %(now)s, sealed_address = NULL, reason = 'restored'
WHERE message_state = 'sending' OR (message_state = 'queued' AND due_at <= %(now)s)
