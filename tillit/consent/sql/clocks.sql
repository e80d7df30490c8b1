-- name: consent_withdrawn
-- Per person the day the consent to the rule's activity was withdrawn; infinity while any channel is consented to. The
-- controller's own choices go before its holder's.
SELECT subject_id,
  CASE WHEN bool_or(consented) THEN 'infinity'::date ELSE max((since AT TIME ZONE %(zone)s)::date) END AS day
FROM (
  SELECT subject_id, consented, since,
         controller_id = %(controller)s AS own, bool_or(controller_id = %(controller)s) OVER (PARTITION BY subject_id) AS any_own
  FROM consent_choice WHERE controller_id = ANY (%(holders)s) AND activity = %(activity)s
) x
WHERE own = any_own
GROUP BY subject_id
