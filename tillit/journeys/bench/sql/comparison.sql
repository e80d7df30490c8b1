-- Homes that are compared (E4).

-- name: customers
-- Everyone of the register is a customer.
INSERT INTO parties_relationship (subject_id, controller_id, kind, started, end_reason)
SELECT id, %(controller)s, 'customer', '2024-01-01', '' FROM parties_subject WHERE register_id = %(register)s

-- name: apps
-- Everyone uses the app.
INSERT INTO power_app_account (subject_id, controller_id, started_at, ended_by)
SELECT id, %(controller)s, %(now)s, '' FROM parties_subject WHERE register_id = %(register)s

-- name: points
-- A point of each person of the register, in one of five price areas.
INSERT INTO power_point (subject_id, controller_id, gsrn, meter_number, price_area, use, resolution,
                         street, postal_code, place, municipality, source, collected_under)
SELECT s.id, %(controller)s, '707057500' || lpad(row_number() OVER (ORDER BY s.id)::text, 9, '0'), '',
       'NO' || 1 + abs(s.id %% 5), 'home', 60, '', '', '', '', 'data_subject', 'power_supply'
FROM parties_subject s WHERE s.register_id = %(register)s

-- name: households
-- What each lives in, by digits of the point's random number.
INSERT INTO power_household (subject_id, controller_id, point_id, dwelling, area_m2, persons, heating, source,
                             collected_under)
SELECT p.subject_id, p.controller_id, p.id, (ARRAY['detached', 'detached', 'row', 'flat', 'flat'])[1 + abs(p.id %% 5)],
       40 + abs(p.id / 7 %% 6) * 35, 1 + abs(p.id / 11 %% 5),
       (ARRAY['electric', 'electric', 'heat_pump', 'district'])[1 + abs(p.id / 13 %% 4)], 'data_subject', 'power_supply'
FROM power_point p WHERE p.controller_id = %(controller)s

-- name: bare
-- Every value of the month.
SELECT wh FROM power_reading_day WHERE controller_id = %(controller)s
