-- name: deceased
-- What goes on for people who have died: relationships of the controller, ways in, messages sent since it was known.
WITH dead AS (
  SELECT s.id, min(f.collected_at) AS known FROM parties_fact f
  JOIN parties_subject own ON own.id = f.subject_id
  JOIN parties_subject s ON coalesce(s.alias_of_id, s.id) = coalesce(own.alias_of_id, own.id)
  WHERE f.kind = 'deceased' AND f.superseded_at IS NULL GROUP BY s.id
)
SELECT 'fault', 'relationships of people who have died go on', count(*)
FROM parties_relationship r JOIN dead d ON d.id = r.subject_id WHERE r.controller_id = %(controller)s AND r.ended IS NULL
UNION ALL
SELECT 'fault', 'ways in of people who have died are open', count(*)
FROM parties_login l JOIN dead d ON d.id = l.subject_id WHERE l.is_active
UNION ALL
SELECT 'fault', 'messages were sent to people after it was known that they had died', count(*)
FROM messages_message m JOIN dead d ON d.id = m.subject_id
WHERE m.controller_id = %(controller)s AND m.direction = 'out' AND m.message_state = 'sent' AND m.settled_at > d.known
UNION ALL SELECT '', 'deceased', count(*) FROM dead

-- name: letters
-- Letters that went by post off the record: more than the trail says of their batch, without a batch, or by a batch that
-- nobody fetched on record; and letters that wait although their batch is said to be with the post.
WITH batch AS (
  SELECT b.id, b.fetched_at, b.sent_at,
    count(*) FILTER (WHERE m.message_state = 'sent') AS sent, count(*) FILTER (WHERE m.message_state = 'queued') AS waiting,
    (SELECT max((e.details ->> 'letters')::bigint) FROM audit_event e
     WHERE e.controller_id = b.controller_id AND e.type = 'letters.sent' AND e.batch = b.id) AS told,
    (SELECT count(*) FROM audit_event e
     WHERE e.controller_id = b.controller_id AND e.type = 'letters.fetched' AND e.batch = b.id) AS fetches
  FROM messages_letter_batch b
  JOIN messages_message m ON m.letter_batch_id = b.id AND m.controller_id = b.controller_id AND m.channel = 'post'
  WHERE b.controller_id = %(controller)s GROUP BY b.id, b.controller_id, b.fetched_at, b.sent_at
)
SELECT 'fault', 'letters were posted off the record', coalesce(sum(greatest(sent - coalesce(told, 0), 0)), 0) FROM batch
UNION ALL
SELECT 'fault', 'batches of letters were fetched off the record', count(*) FROM batch
WHERE fetched_at IS NOT NULL AND fetches = 0
UNION ALL
SELECT 'fault', 'letters wait although their batch is with the post', coalesce(sum(waiting), 0) FROM batch
WHERE sent_at IS NOT NULL
UNION ALL
SELECT 'fault', 'letters were posted without a batch that staff fetched', count(*)
FROM messages_message m
WHERE m.controller_id = %(controller)s AND m.channel = 'post' AND m.direction = 'out' AND m.message_state = 'sent'
  AND m.letter_batch_id IS NULL
UNION ALL SELECT '', 'letters', coalesce(sum(sent), 0) FROM batch

-- name: measured
-- Opens and clicks are noted of whoever had said yes to just that, while they had (F4): notes at a moment at which the
-- last word about being measured was no yes, of the years for which the words are kept. Then the notes.
WITH noted AS (
  SELECT u.subject_id, u.at FROM messages_use u
  WHERE u.controller_id = %(controller)s AND u.at > %(now)s::timestamptz - interval '3 years'
), known AS (
  SELECT n.subject_id, n.at, (
    SELECT e.kind = 'given' FROM consent_event e
    WHERE e.subject_id = n.subject_id AND e.activity = 'message_measurement' AND e.at <= n.at
    ORDER BY e.at DESC, e.recorded_at DESC LIMIT 1
  ) AS yes
  FROM noted n
)
SELECT 'fault', 'opens and clicks of people who had not said yes to it', count(*) FROM known
WHERE NOT coalesce(yes, false)
UNION ALL SELECT '', 'noted', count(*) FROM noted
