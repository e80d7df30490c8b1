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
