-- name: relationship_ended
-- Per relationship the rule's activity applies to the day it ended; infinity while it is open. For a merged person those
-- of every subject count.
SELECT r.subject_id, coalesce(r.ended, 'infinity'::date) AS day FROM parties_relationship r
WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(applies_to)s)
UNION ALL
SELECT w.one, coalesce(r.ended, 'infinity'::date)
FROM parties_other_subjects() w JOIN parties_relationship r ON r.subject_id = w.other
WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(applies_to)s)
