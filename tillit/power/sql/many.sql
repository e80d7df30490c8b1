-- name: points
-- The points that are supplied in [first, after) on the same terms, together: whose they are and their ids; where and how
-- they are measured, and the contract. A point whose contract changes comes once for each.
SELECT array_agg(p.subject_id ORDER BY p.subject_id, p.id), array_agg(p.id ORDER BY p.subject_id, p.id),
       p.price_area, p.municipality, p.use, p.resolution, coalesce(g.key, ''),
       c.kind, c.product, greatest(c.starts, %(first)s::date) AS since, least(c.ends, %(after)s::date) AS until
FROM power_point p
JOIN power_contract c ON c.subject_id = p.subject_id AND c.point_id = p.id
LEFT JOIN power_grid_company g ON g.id = p.grid_company_id
WHERE p.controller_id = %(controller)s AND c.controller_id = %(controller)s
  AND c.starts < %(after)s AND (c.ends IS NULL OR c.ends > greatest(c.starts, %(first)s::date))
  AND (%(points)s::bigint[] IS NULL OR p.id = ANY (%(points)s::bigint[]))
GROUP BY p.price_area, p.municipality, p.use, p.resolution, g.key, c.kind, c.product, since, until

-- name: months
-- Of points of which each day of [first, after) is there in hours and without a gap: some at a time in a row, their ids and
-- all their values, one after another.
SELECT string_agg(int8send(p.id), ''::bytea), string_agg(m.wh, ''::bytea)
FROM unnest(%(subjects)s::bigint[], %(points)s::bigint[]) WITH ORDINALITY AS p (subject_id, id, place)
CROSS JOIN LATERAL (
  SELECT string_agg(r.wh, ''::bytea ORDER BY r.day) AS wh, count(*) AS days,
         bool_and(r.resolution = 60 AND position('\x00'::bytea IN r.quality) = 0) AS whole
  FROM power_reading_day r
  WHERE r.subject_id = p.subject_id AND r.point_id = p.id AND r.direction = 1
    AND r.day >= %(first)s AND r.day < %(after)s
) m
WHERE m.whole AND m.days = %(days)s
GROUP BY p.place / %(at_once)s
