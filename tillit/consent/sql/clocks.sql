-- name: consent_withdrawn
-- Per channel the day the consent to the rule's activity was withdrawn; infinity while it is consented to. The
-- controller's own choices go before its holder's. Every subject of a merged person has the day of the one they are known
-- by, whose choices are those of all; where that one has none, of the others.
SELECT subject_id, CASE WHEN consented THEN 'infinity'::date ELSE (since AT TIME ZONE %(zone)s)::date END AS day
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
    FROM parties_other_subjects() w
    JOIN consent_choice c ON c.subject_id = w.other
    WHERE c.controller_id = ANY (%(holders)s) AND c.activity = %(activity)s
  ) said
) x
WHERE place = first

-- name: consent_given
-- The day a consent to the rule's activity that stands was last given; nothing of who has none. Of a merged person those
-- of every subject count.
SELECT c.subject_id, (c.since AT TIME ZONE %(zone)s)::date AS day
FROM consent_choice c WHERE c.controller_id = ANY (%(holders)s) AND c.activity = %(activity)s AND c.consented
UNION ALL
SELECT w.one, (c.since AT TIME ZONE %(zone)s)::date
FROM parties_other_subjects() w JOIN consent_choice c ON c.subject_id = w.other
WHERE c.controller_id = ANY (%(holders)s) AND c.activity = %(activity)s AND c.consented
