-- name: seminars
-- Of the controller's seminars: more people with a place than there are places; people who wait beside a free one; sign-ups
-- whose period runs from another day than the seminar ended on; participants without any sign-up left for more than a day.
WITH counted AS (
  SELECT s.id, s.capacity, s.ends_at, s.stage, count(u.id) FILTER (WHERE u.standing = 'place') AS taken,
    count(u.id) FILTER (WHERE u.standing = 'waiting') AS waiting
  FROM seminars_seminar s LEFT JOIN seminars_signup u ON u.seminar_id = s.id AND u.controller_id = s.controller_id
  WHERE s.controller_id = %(controller)s GROUP BY s.id
)
SELECT 'fault', 'seminars have given more places than there are', count(*) FROM counted WHERE capacity > 0 AND taken > capacity
UNION ALL
SELECT 'fault', 'people wait for a place although one is free', count(*) FROM counted
WHERE stage = 'open' AND ends_at > %(now)s AND waiting > 0 AND (capacity = 0 OR taken < capacity)
UNION ALL
SELECT 'fault', 'sign-ups count their period from another day than the seminar was held on', count(*)
FROM seminars_signup u JOIN seminars_seminar s ON s.id = u.seminar_id
WHERE u.controller_id = %(controller)s AND u.held_at <> s.ends_at
UNION ALL
SELECT 'fault', 'participants are kept without any sign-up', count(*) FROM parties_relationship r
WHERE r.controller_id = %(controller)s AND r.kind = 'seminar_participant' AND r.ended IS NULL
  AND r.recorded_at < %(now)s::timestamptz - interval '2 days'
  AND NOT EXISTS (SELECT FROM seminars_signup u WHERE u.subject_id = r.subject_id AND u.controller_id = r.controller_id)
UNION ALL SELECT '', 'signed_up', count(*) FROM seminars_signup WHERE controller_id = %(controller)s
