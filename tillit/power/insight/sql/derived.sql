-- For whom use is divided by purpose (E5).

-- name: waiting
-- Points of the lawful with meter values of the month, and nothing derived for it: subject, point, municipality, area.
SELECT p.subject_id, p.id, p.municipality, p.price_area
FROM power_point p
JOIN unnest(%(lawful)s::bigint[]) l (subject_id) ON l.subject_id = p.subject_id
WHERE p.controller_id = %(controller)s
  AND EXISTS (SELECT FROM power_reading_day r
              WHERE r.subject_id = p.subject_id AND r.point_id = p.id AND r.direction = 1
                AND r.day >= %(month)s AND r.day < %(after)s)
  AND NOT EXISTS (SELECT FROM power_month_part m
                  WHERE m.subject_id = p.subject_id AND m.point_id = p.id AND m.month = %(month)s)
ORDER BY p.subject_id, p.id
