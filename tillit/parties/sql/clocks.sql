-- name: relationship_ended
-- Per person the day the last relationship the rule's activity applies to ended; infinity while one is open.
SELECT subject_id, CASE WHEN bool_or(ended IS NULL) THEN 'infinity'::date ELSE max(ended) END AS day
FROM parties_relationship
WHERE controller_id = %(controller)s AND kind = ANY (%(applies_to)s)
GROUP BY subject_id

-- name: access_ended
-- Per person the day the last relationship that gives access to the services ended; infinity while one is open. Who
-- never had one has it counted from when they last came to us. For tables without a column of their own for it (D9).
SELECT subject_id, CASE WHEN bool_or(gives AND ended IS NULL) THEN 'infinity'::date
  WHEN bool_or(gives) THEN max(ended) FILTER (WHERE gives) ELSE max(coalesce(ended, started)) END AS day
FROM (SELECT subject_id, started, ended, kind IN ('customer', 'member', 'family_member') AS gives
  FROM parties_relationship WHERE controller_id = ANY (%(holders)s)) r
GROUP BY subject_id
