-- Who is compared with similar households (E4).

-- name: homes
-- Homes of the lawful, of which a dwelling was told, supplied by the controller on every day of [start, end): subject,
-- point, price area, dwelling, heating, square metres, persons.
SELECT p.subject_id, p.id, p.price_area, h.dwelling, h.heating, h.area_m2, h.persons
FROM power_point p
JOIN power_household h ON h.subject_id = p.subject_id AND h.point_id = p.id
WHERE p.subject_id = ANY (%(lawful)s) AND p.controller_id = %(controller)s AND p.use = 'home' AND h.dwelling <> ''
  AND (SELECT coalesce(sum(least(coalesce(c.ends, 'infinity'), %(end)s::date) - greatest(c.starts, %(start)s::date)), 0)
       FROM power_contract c
       WHERE c.subject_id = p.subject_id AND c.point_id = p.id
         AND c.starts < %(end)s AND (c.ends IS NULL OR c.ends > %(start)s)) = %(end)s::date - %(start)s::date
ORDER BY p.subject_id, p.id
