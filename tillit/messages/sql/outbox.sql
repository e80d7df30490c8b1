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
-- Marketing that a worker had handed over when it died. It went in the order of ids, one at a time: all but the last were
-- taken. Whether the last one was is not known, and it is not sent again.
UPDATE messages_message m SET message_state = CASE WHEN h.last THEN 'unknown' ELSE 'sent' END,
  reason = CASE WHEN h.last THEN 'interrupted' ELSE '' END, settled_at = CASE WHEN h.last THEN %(now)s ELSE m.handed_at END,
  sealed_address = NULL, claimed_at = NULL, claimed_by = NULL
FROM (
  SELECT subject_id, id, row_number() OVER (PARTITION BY claimed_by ORDER BY id DESC, subject_id DESC) = 1 AS last
  FROM messages_message
  WHERE controller_id = %(controller)s AND activity = %(activity)s AND message_state = 'sending' AND handed_at IS NOT NULL
    AND claimed_at < %(lapsed)s
) h
WHERE m.subject_id = h.subject_id AND m.id = h.id AND m.message_state = 'sending'
RETURNING m.subject_id, h.last

-- name: gone
-- These messages went, each at its moment.
UPDATE messages_message m SET message_state = 'sent', reason = '', settled_at = g.at, sealed_address = NULL,
  carrier = g.carrier, segments = g.segments, claimed_at = NULL, claimed_by = NULL
FROM unnest(%(subjects)s::bigint[], %(ids)s::bigint[], %(at)s::timestamptz[], %(carriers)s::text[], %(segments)s::smallint[])
  AS g (subject_id, id, at, carrier, segments)
WHERE m.subject_id = g.subject_id AND m.id = g.id AND m.message_state = 'sending'

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
