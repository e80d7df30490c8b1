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
