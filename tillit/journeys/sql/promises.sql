-- name: missing_contact
-- People whom the controller has no e-mail address of, and who were not asked for one within a year of when they could
-- have been: a month for the first time, and a month of grace each year after. Nobody could be asked before they were
-- recorded, nor while an address still worked. Then how many were asked.
WITH lacking AS (
  SELECT s.id, greatest(min(r.started)::timestamptz, min(r.recorded_at), (
    SELECT max(greatest(f.failed_at, f.superseded_at)) FROM parties_fact f
    WHERE f.subject_id = s.id AND f.kind = 'email')) AS since
  FROM parties_subject s
  JOIN parties_relationship r ON r.subject_id = s.id AND r.controller_id = %(controller)s AND r.ended IS NULL
   AND r.kind IN ('customer', 'member') AND r.state = 0
  WHERE s.state = 0 AND s.alias_of_id IS NULL AND NOT EXISTS (
    SELECT FROM parties_fact f WHERE f.subject_id = s.id AND f.kind = 'email' AND f.superseded_at IS NULL AND f.failed_at IS NULL)
   AND NOT EXISTS (SELECT FROM parties_fact d WHERE d.subject_id = s.id AND d.kind = 'deceased' AND d.superseded_at IS NULL)
  GROUP BY s.id
), asked AS (
  SELECT m.subject_id, max(m.queued_at) AS at FROM messages_message m
  WHERE m.controller_id = %(controller)s AND m.template = 'contact_asked' GROUP BY m.subject_id
)
SELECT 'fault', 'people without an e-mail address have not been asked for one', count(*) FROM lacking l
LEFT JOIN asked a ON a.subject_id = l.id
WHERE coalesce(a.at, l.since - interval '1 year') < %(now)s::timestamptz - interval '13 months'
UNION ALL
SELECT 'fault', 'people have been asked for one more than once in a year', count(*) FROM (
  SELECT m.queued_at, lag(m.queued_at) OVER (PARTITION BY m.subject_id ORDER BY m.queued_at) AS before
  FROM messages_message m WHERE m.controller_id = %(controller)s AND m.template = 'contact_asked'
) twice WHERE twice.queued_at < twice.before + interval '360 days'
UNION ALL SELECT '', 'lacking', count(*) FROM lacking
UNION ALL SELECT '', 'asked', count(*) FROM asked
