-- name: relationship_ended
-- Per person the day the last relationship the rule's activity applies to ended; infinity while one is open.
SELECT subject_id, CASE WHEN bool_or(ended IS NULL) THEN 'infinity'::date ELSE max(ended) END AS day
FROM parties_relationship
WHERE controller_id = %(controller)s AND kind = ANY (%(applies_to)s)
GROUP BY subject_id
