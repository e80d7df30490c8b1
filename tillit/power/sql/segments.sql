-- name: price_area
-- Who is supplied now at a point in this price area.
SELECT c.subject_id FROM power_contract c
JOIN power_point p ON p.subject_id = c.subject_id AND p.id = c.point_id
WHERE c.controller_id = %(controller)s AND p.controller_id = %(controller)s AND p.price_area = %(value)s
  AND c.starts <= %(today)s AND (c.ends IS NULL OR c.ends > %(today)s)

-- name: municipality
-- Who is supplied now at a point in a municipality whose number begins so: two digits are a county, four a municipality.
SELECT c.subject_id FROM power_contract c
JOIN power_point p ON p.subject_id = c.subject_id AND p.id = c.point_id
WHERE c.controller_id = %(controller)s AND p.controller_id = %(controller)s AND starts_with(p.municipality, %(value)s)
  AND c.starts <= %(today)s AND (c.ends IS NULL OR c.ends > %(today)s)

-- name: contract_kind
-- Who is supplied now under a contract of this kind.
SELECT c.subject_id FROM power_contract c
WHERE c.controller_id = %(controller)s AND c.kind = %(value)s
  AND c.starts <= %(today)s AND (c.ends IS NULL OR c.ends > %(today)s)
