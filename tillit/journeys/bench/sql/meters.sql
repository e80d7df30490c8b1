-- Meter values for benchmarks.

-- name: days
-- Days of some points.
COPY power_reading_day
  (subject_id, controller_id, point_id, direction, day, resolution, wh, quality, registered, version)
FROM STDIN (FORMAT BINARY)

-- name: months
-- The month of each point in one row, as the intake makes it.
INSERT INTO power_reading_month (subject_id, controller_id, point_id, month, wh)
SELECT r.subject_id, r.controller_id, r.point_id, %(first)s, string_agg(r.wh, ''::bytea ORDER BY r.day)
FROM power_reading_day r
WHERE r.controller_id = %(controller)s AND r.direction = 1 AND r.day >= %(first)s AND r.day < %(after)s
GROUP BY r.subject_id, r.controller_id, r.point_id

-- name: earlier
-- The days [start, stop) of some points, or of all, each as the day of the month that is there (from `first` on). Clock
-- changes take an hour off or on.
INSERT INTO power_reading_day
  (subject_id, controller_id, point_id, direction, day, resolution, wh, quality, registered, version)
SELECT r.subject_id, r.controller_id, r.point_id, 1, d.day, 60,
       CASE d.hours WHEN 23 THEN substr(r.wh, 1, 92) WHEN 25 THEN r.wh || substr(r.wh, 1, 4) ELSE r.wh END,
       r.quality, r.registered, 1
FROM power_reading_day r
JOIN LATERAL (
  SELECT t::date AS day, extract(epoch FROM ((t::date + 1)::timestamp AT TIME ZONE 'Europe/Oslo')
                                          - (t::date::timestamp AT TIME ZONE 'Europe/Oslo')) / 3600 AS hours
  FROM generate_series(%(start)s::date, %(stop)s::date - 1, interval '1 day') AS t
  WHERE extract(day FROM t) = extract(day FROM r.day)
) d ON true
WHERE r.controller_id = %(controller)s AND r.day >= %(first)s
  AND (%(points)s::bigint[] IS NULL OR r.point_id = ANY (%(points)s::bigint[]))

-- name: constraints
-- What is held of days by indexes and links: name, definition, whether it is an index.
SELECT conname, pg_get_constraintdef(oid), contype <> 'f'
FROM pg_constraint WHERE conrelid = 'power_reading_day'::regclass AND contype IN ('p', 'u', 'f')
