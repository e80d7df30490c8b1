-- name: consent_withdrawn
-- Per person the day the consent to the rule's activity was withdrawn; infinity while any channel is consented to.
SELECT subject_id,
  CASE WHEN bool_or(consented) THEN 'infinity'::date ELSE max((since AT TIME ZONE %(zone)s)::date) END AS day
FROM consent_choice
WHERE controller_id = ANY (%(holders)s) AND activity = %(activity)s
GROUP BY subject_id
