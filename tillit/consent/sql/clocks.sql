-- name: consent_withdrawn
-- Per person the day the consent to the rule's activity was withdrawn; infinity while any channel is consented to. The
-- controller's own choices go before its holder's. Every subject of a merged person has the day of the one they are known
-- by, whose choices are those of all; where that one has none, of the others.
SELECT subject_id,
  CASE WHEN bool_or(consented) THEN 'infinity'::date ELSE max((since AT TIME ZONE %(zone)s)::date) END AS day
FROM (
  SELECT subject_id, consented, since, place, max(place) OVER (PARTITION BY subject_id) AS first
  FROM (
    SELECT c.subject_id, c.consented, c.since,
           (a.id IS NULL)::int * 2 + (c.controller_id = %(controller)s)::int AS place
    FROM consent_choice c
    LEFT JOIN parties_subject a ON a.id = c.subject_id AND a.alias_of_id IS NOT NULL
    WHERE c.controller_id = ANY (%(holders)s) AND c.activity = %(activity)s
    UNION ALL
    SELECT w.one, c.consented, c.since, w.known::int * 2 + (c.controller_id = %(controller)s)::int
    FROM (
      SELECT a.id AS one, a.alias_of_id AS other, true AS known FROM parties_subject a WHERE a.alias_of_id IS NOT NULL
      UNION ALL SELECT a.alias_of_id, a.id, false FROM parties_subject a WHERE a.alias_of_id IS NOT NULL
      UNION ALL SELECT a.id, b.id, false
        FROM parties_subject a JOIN parties_subject b ON b.alias_of_id = a.alias_of_id AND b.id <> a.id
    ) w
    JOIN consent_choice c ON c.subject_id = w.other
    WHERE c.controller_id = ANY (%(holders)s) AND c.activity = %(activity)s
  ) said
) x
WHERE place = first
GROUP BY subject_id
