-- name: of_point
-- The stored days of one point, one way, in a period of local days, on which it was supplied to its person.
SELECT r.day, r.resolution, r.wh, r.quality
FROM power_reading_day r
WHERE r.subject_id = %(subject)s AND r.point_id = %(point)s AND r.direction = %(direction)s
  AND r.day >= %(start)s AND r.day < %(end)s
  AND EXISTS (
    SELECT FROM power_contract c
    WHERE c.subject_id = r.subject_id AND c.point_id = r.point_id AND c.starts <= r.day AND (c.ends IS NULL OR c.ends > r.day)
  )

-- name: of_points
-- The stored days of some points, one way, in a period of local days, on which they were supplied, in the order of person,
-- point and day.
SELECT r.subject_id, r.point_id, r.day, r.resolution, r.wh, r.quality
FROM unnest(%(subjects)s::bigint[], %(points)s::bigint[]) AS p (subject_id, point_id)
JOIN power_reading_day r ON r.subject_id = p.subject_id AND r.point_id = p.point_id
WHERE r.controller_id = %(controller)s AND r.direction = %(direction)s AND r.day >= %(start)s AND r.day < %(end)s
  AND EXISTS (
    SELECT FROM power_contract c
    WHERE c.subject_id = r.subject_id AND c.point_id = r.point_id AND c.starts <= r.day AND (c.ends IS NULL OR c.ends > r.day)
  )
ORDER BY r.subject_id, r.point_id, r.day
