-- name: power_readings
-- Days whose values are not as many as the day had intervals, days of a point of somebody else or on which it was not
-- supplied to them, months that are not what their days come to, corrections of days of which nothing counts, rows
-- put aside that are older than their time, and how much there is.
WITH lengths AS (
  SELECT r.*, (extract(epoch FROM ((r.day + 1)::timestamp AT TIME ZONE 'Europe/Oslo')
                - (r.day::timestamp AT TIME ZONE 'Europe/Oslo')) / 60 / r.resolution)::integer AS many
  FROM power_reading_day r WHERE r.controller_id = %(controller)s
)
SELECT 'fault', 'days do not have as many values as the day had intervals', count(*) FROM lengths l
WHERE octet_length(l.wh) <> 4 * l.many OR octet_length(l.quality) NOT IN (1, l.many)
   OR octet_length(l.registered) NOT IN (8, 8 * l.many)
UNION ALL
SELECT 'fault', 'days are of no point of the person', count(*) FROM lengths l
WHERE NOT EXISTS (SELECT FROM power_point p WHERE p.subject_id = l.subject_id AND p.id = l.point_id)
UNION ALL
SELECT 'fault', 'days are of no time at which the point was supplied to the person', count(*) FROM lengths r
WHERE NOT EXISTS (
  SELECT FROM power_contract c
  WHERE c.subject_id = r.subject_id AND c.point_id = r.point_id AND c.starts <= r.day AND (c.ends IS NULL OR c.ends > r.day)
)
UNION ALL
SELECT 'fault', 'months are not what their days come to', count(*) FROM power_reading_month m
WHERE m.controller_id = %(controller)s AND m.wh IS DISTINCT FROM (
  SELECT string_agg(r.wh, ''::bytea ORDER BY r.day) FROM power_reading_day r
  WHERE r.subject_id = m.subject_id AND r.point_id = m.point_id AND r.direction = 1
    AND r.day >= m.month AND r.day < (m.month + interval '1 month')::date
)
UNION ALL
SELECT 'fault', 'corrections are of days of which nothing counts', count(*) FROM power_reading_correction c
WHERE c.controller_id = %(controller)s AND NOT EXISTS (
  SELECT FROM power_reading_day r
  WHERE (r.subject_id, r.point_id, r.direction, r.day) = (c.subject_id, c.point_id, c.direction, c.day)
)
UNION ALL
SELECT 'fault', 'rows put aside are older than ninety days', count(*)
FROM power_quarantine q JOIN power_reading_file f ON f.id = q.file_id
WHERE f.controller_id = %(controller)s AND q.resolved_at IS NULL
  AND q.quarantined_at < %(now)s::timestamptz - interval '92 days'
UNION ALL SELECT '', 'days', count(*) FROM lengths
UNION ALL
SELECT '', 'corrections', count(*) FROM power_reading_correction c WHERE c.controller_id = %(controller)s
