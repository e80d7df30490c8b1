-- name: points
-- A point of each person of the register.
INSERT INTO power_point (subject_id, controller_id, gsrn, meter_number, price_area, grid_company_id, use, resolution,
                         street, postal_code, place, municipality, source, collected_under)
SELECT s.id, %(controller)s, '707057500' || lpad(row_number() OVER (ORDER BY s.id)::text, 9, '0'), '', 'NO1', %(grid)s,
       'home', 60, '', '', '', '0301', 'data_subject', 'power_supply'
FROM parties_subject s WHERE s.register_id = %(register)s

-- name: contracts
-- Each supplied at spot since 2024.
INSERT INTO power_contract (subject_id, controller_id, point_id, kind, product, starts, end_reason, source, collected_under)
SELECT p.subject_id, p.controller_id, p.id, 'spot', 'spot', '2024-01-01', '', 'data_subject', 'power_supply'
FROM power_point p WHERE p.controller_id = %(controller)s

-- name: ids
-- The points in the order of people.
SELECT subject_id, id FROM power_point WHERE controller_id = %(controller)s ORDER BY subject_id, id

-- name: values
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
-- The year before of some points: each day as the day of the month that is there. Clock changes take an hour off or on.
INSERT INTO power_reading_day
  (subject_id, controller_id, point_id, direction, day, resolution, wh, quality, registered, version)
SELECT r.subject_id, r.controller_id, r.point_id, 1, d.day::date, 60,
       CASE d.day::date WHEN '2025-03-30' THEN substr(r.wh, 1, 92) WHEN '2025-10-26' THEN r.wh || substr(r.wh, 1, 4)
            ELSE r.wh END, r.quality, r.registered, 1
FROM generate_series(%(first)s::date - %(back)s, %(first)s::date - 1, interval '1 day') AS d (day)
JOIN power_reading_day r ON r.day = %(first)s::date + (extract(day FROM d.day)::int - 1)
WHERE r.controller_id = %(controller)s AND r.point_id = ANY (%(points)s)
