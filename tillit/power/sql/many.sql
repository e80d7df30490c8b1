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
-- Of points of which every hour of the month is there: some at a time in a row, their ids and all their values, one after
-- another.
SELECT string_agg(int8send(p.id), ''::bytea), string_agg(m.wh, ''::bytea)
FROM unnest(%(subjects)s::bigint[], %(points)s::bigint[]) WITH ORDINALITY AS p (subject_id, id, place)
JOIN power_reading_month m ON m.subject_id = p.subject_id AND m.point_id = p.id AND m.month = %(first)s
GROUP BY p.place / %(at_once)s
