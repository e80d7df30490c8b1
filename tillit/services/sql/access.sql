-- name: access_ended
-- Per person the first day without access to what the rule's activity is about; infinity while there is some. Where a
-- product gives that very service, its agreements count; for what serves every service, all of them. Who has none has it
-- counted from the last relationship that gives access, and who never had one from when they last came to us. For tables
-- without a column of their own for it (D9). For a merged person those of every subject count.
WITH stretch AS (
  SELECT a.subject_id, coalesce(a.ends, 'infinity'::date) AS day
  FROM services_agreement a JOIN services_product p ON p.id = a.product_id
  WHERE a.controller_id = ANY (%(holders)s) AND a.ends IS DISTINCT FROM a.starts
    AND (p.services @> ARRAY[%(activity)s]::varchar[] OR NOT EXISTS (
      SELECT FROM services_product o
      WHERE o.controller_id = ANY (%(holders)s) AND o.services @> ARRAY[%(activity)s]::varchar[]
    ))
), agreed AS (
  SELECT subject_id, max(day) AS day FROM (
    SELECT subject_id, day FROM stretch
    UNION ALL SELECT w.one, s.day FROM parties_other_subjects() w JOIN stretch s ON s.subject_id = w.other
  ) AS each GROUP BY subject_id
), tied AS (
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
)
SELECT t.subject_id, coalesce(a.day, t.day) AS day FROM tied t LEFT JOIN agreed a ON a.subject_id = t.subject_id
UNION ALL
SELECT a.subject_id, a.day FROM agreed a WHERE NOT EXISTS (SELECT FROM tied t WHERE t.subject_id = a.subject_id)
