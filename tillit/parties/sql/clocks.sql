-- name: relationship_ended
-- Per relationship the rule's activity applies to the day it ended; infinity while it is open. For a merged person those
-- of every subject count.
SELECT r.subject_id, coalesce(r.ended, 'infinity'::date) AS day FROM parties_relationship r
WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(applies_to)s)
UNION ALL
SELECT w.one, coalesce(r.ended, 'infinity'::date)
FROM parties_other_subjects() w JOIN parties_relationship r ON r.subject_id = w.other
WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(applies_to)s)

-- name: access_ended
-- Per person the day the last relationship that gives access to the services ended; infinity while one is open. Who
-- never had one has it counted from when they last came to us. For tables without a column of their own for it (D9). For
-- a merged person those of every subject count.
SELECT subject_id, CASE WHEN bool_or(gives AND ended IS NULL) THEN 'infinity'::date
  WHEN bool_or(gives) THEN max(ended) FILTER (WHERE gives) ELSE max(coalesce(ended, started)) END AS day
FROM (
  SELECT subject_id, started, ended, kind IN ('customer', 'member', 'family_member') AS gives
  FROM parties_relationship WHERE controller_id = ANY (%(holders)s)
  UNION ALL
  SELECT w.one, r.started, r.ended, r.kind IN ('customer', 'member', 'family_member')
  FROM parties_other_subjects() w JOIN parties_relationship r ON r.subject_id = w.other
  WHERE r.controller_id = ANY (%(holders)s)
) AS ties
GROUP BY subject_id
