-- What staff have read, from the trail, for the report on unusual reading (A9, H18). One controller at a time.

-- name: days
-- Per member of staff and local day within [since, until): people opened, people opened without a case of theirs near in
-- time, searches, look-ups outside hours; and per figure the median of the member's own earlier days with look-ups and
-- of the days of others who hold a role the member holds.
WITH looked AS (
  SELECT e.actor_ref AS staff, e.at AT TIME ZONE %(zone)s AS local, e.at, e.subject_id, e.type,
         e.type = 'person.read' AND e.details -> 'categories' <> '["identity"]' AS opened, e.details ? 'case' AS stated
  FROM audit_event e
  WHERE e.controller_id = %(controller)s AND e.actor_kind = 'staff' AND e.type IN ('person.read', 'person.searched')
    AND e.at >= %(history)s AND e.at < %(until)s
), marked AS (
  SELECT l.*, extract(isodow FROM local) > 5 OR extract(hour FROM local) NOT BETWEEN %(from_hour)s AND %(to_hour)s - 1 AS outside,
    opened AND NOT stated AND NOT EXISTS (
      SELECT FROM cases_case c WHERE c.subject_id = l.subject_id AND c.controller_id = %(controller)s
        AND c.received_at <= l.at AND coalesce(c.closed_at, 'infinity') >= l.at - interval '7 days') AS caseless
  FROM looked l
), days AS (
  SELECT staff, local::date AS day, count(DISTINCT subject_id) FILTER (WHERE opened) AS opened,
         count(DISTINCT subject_id) FILTER (WHERE caseless) AS caseless,
         count(*) FILTER (WHERE type = 'person.searched') AS searches, count(*) FILTER (WHERE outside) AS outside
  FROM marked GROUP BY 1, 2
), roles AS (
  SELECT DISTINCT staff_id::text AS staff, role FROM parties_staff_role WHERE controller_id = %(controller)s
), peers AS (
  SELECT DISTINCT a.staff, b.staff AS peer FROM roles a JOIN roles b ON b.role = a.role AND b.staff <> a.staff
)
SELECT d.staff, d.day, d.opened, d.caseless, d.searches, d.outside, own.opened, own.caseless, own.searches, own.outside,
       peer.opened, peer.searches
FROM days d
LEFT JOIN LATERAL (
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.opened) AS opened,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY h.caseless) AS caseless,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY h.searches) AS searches,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY h.outside) AS outside
  FROM days h WHERE h.staff = d.staff AND h.day < d.day) own ON true
LEFT JOIN LATERAL (
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY h.opened) AS opened,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY h.searches) AS searches
  FROM peers p JOIN days h ON h.staff = p.peer AND h.day < d.day WHERE p.staff = d.staff) peer ON true
WHERE d.day >= %(since)s
ORDER BY d.day, d.staff

-- name: watched
-- Per member of staff and day within [since, until): how many of the people opened have a protected address, are employed
-- here, or are colleagues known in the register by their work address (their subjects are given).
SELECT e.actor_ref, (e.at AT TIME ZONE %(zone)s)::date,
  count(DISTINCT e.subject_id) FILTER (WHERE EXISTS (
    SELECT FROM parties_fact f WHERE f.subject_id = e.subject_id AND f.kind = %(protection)s AND f.superseded_at IS NULL)),
  count(DISTINCT e.subject_id) FILTER (WHERE e.subject_id = ANY (%(colleagues)s) OR EXISTS (
    SELECT FROM parties_relationship r WHERE r.subject_id = e.subject_id AND r.kind = 'employee'
      AND r.controller_id = %(controller)s AND coalesce(r.ended > (e.at AT TIME ZONE %(zone)s)::date, true)))
FROM audit_event e
WHERE e.controller_id = %(controller)s AND e.actor_kind = 'staff' AND e.type = 'person.read'
  AND e.details -> 'categories' <> '["identity"]' AND e.at >= %(first)s AND e.at < %(until)s
GROUP BY 1, 2

-- name: read_by
-- Whom a member of staff opened on a day.
SELECT DISTINCT e.subject_id FROM audit_event e
WHERE e.controller_id = %(controller)s AND e.actor_kind = 'staff' AND e.actor_ref = %(staff)s AND e.type = 'person.read'
  AND e.details -> 'categories' <> '["identity"]' AND e.subject_id > 0
  AND e.at >= %(day)s::date::timestamp AT TIME ZONE %(zone)s AND e.at < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s
ORDER BY 1
