-- For whom use is divided by purpose (E5).

-- name: waiting
-- Points of the lawful of which the month can be derived, and is not: subject, point, municipality, area. It can where a
-- day of the month is measured, and as many days since `first` as a breakdown needs; a day is not where more than `gaps`
-- of its hours (or as many quarters as they have) lack a value.
SELECT p.subject_id, p.id, p.municipality, p.price_area
FROM power_point p
JOIN unnest(%(lawful)s::bigint[]) l (subject_id) ON l.subject_id = p.subject_id
WHERE p.controller_id = %(controller)s
  AND EXISTS (SELECT FROM power_reading_day r
              WHERE r.subject_id = p.subject_id AND r.point_id = p.id AND r.direction = 1
                AND r.day >= %(month)s AND r.day < %(after)s)
  AND (SELECT count(*) >= %(least)s AND max(r.day) >= %(month)s
       FROM power_reading_day r
       CROSS JOIN LATERAL (SELECT encode(r.quality, 'escape') AS said) q
       WHERE r.subject_id = p.subject_id AND r.point_id = p.id AND r.direction = 1
         AND r.day >= %(first)s AND r.day < %(after)s
         AND (length(q.said) - length(replace(q.said, '\000', ''))) / 4 <= %(gaps)s * 60 / r.resolution)
  AND NOT EXISTS (SELECT FROM power_month_part m
                  WHERE m.subject_id = p.subject_id AND m.point_id = p.id AND m.month = %(month)s)
ORDER BY p.subject_id, p.id
