-- name: collected
-- Facts that were collected under an activity, and those of a category it may not record: (all, astray, their numbers).
SELECT count(*), count(*) FILTER (WHERE NOT f.category = ANY (%(allowed)s::smallint[])),
       array_agg(DISTINCT f.category) FILTER (WHERE NOT f.category = ANY (%(allowed)s::smallint[]))
FROM (
  SELECT category FROM parties_fact WHERE controller_id = %(controller)s AND collected_under = %(activity)s
  UNION ALL
  SELECT category FROM parties_sealed_fact WHERE controller_id = %(controller)s AND collected_under = %(activity)s
) f
