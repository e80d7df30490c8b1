-- name: compile
-- The profile of the given members of a controller, from a year of their purchases at its chains: the three stores they
-- visit most, the three product groups they buy most of, and how often they come. What a member has edited or removed is
-- left alone. Written by subject and part.
WITH bought AS (
  SELECT p.subject_id, p.store_id, p.product_group_id, p.amount, (p.event_at AT TIME ZONE %(zone)s)::date AS day
  FROM purchases_purchase p JOIN purchases_chain c ON c.id = p.chain_id
  WHERE c.controller_id = %(controller)s AND p.event_at >= %(since)s AND p.amount > 0
    AND p.subject_id = ANY (%(subjects)s::bigint[])
), stores AS (
  SELECT v.subject_id, jsonb_agg(s.name ORDER BY v.days DESC, s.name) AS value
  FROM (SELECT b.subject_id, b.store_id, count(DISTINCT b.day) AS days,
               row_number() OVER (PARTITION BY b.subject_id ORDER BY count(DISTINCT b.day) DESC, b.store_id) AS place
        FROM bought b GROUP BY 1, 2) AS v
  JOIN purchases_store s ON s.id = v.store_id WHERE v.place <= 3 GROUP BY 1
), groups AS (
  SELECT v.subject_id, jsonb_agg(g.name ORDER BY v.amount DESC, g.name) AS value
  FROM (SELECT b.subject_id, b.product_group_id, sum(b.amount) AS amount,
               row_number() OVER (PARTITION BY b.subject_id ORDER BY sum(b.amount) DESC, b.product_group_id) AS place
        FROM bought b WHERE b.product_group_id IS NOT NULL GROUP BY 1, 2) AS v
  JOIN purchases_product_group g ON g.id = v.product_group_id WHERE v.place <= 3 GROUP BY 1
), frequency AS (
  SELECT b.subject_id, jsonb_build_array(CASE WHEN count(DISTINCT b.day) >= 40 THEN 'weekly'
                                              WHEN count(DISTINCT b.day) >= 10 THEN 'monthly' ELSE 'seldom' END) AS value
  FROM bought b GROUP BY 1
), part AS (
  SELECT subject_id, 'stores' AS part, value FROM stores UNION ALL SELECT subject_id, 'groups', value FROM groups
  UNION ALL SELECT subject_id, 'frequency', value FROM frequency
)
INSERT INTO bonus_profile_part AS known (subject_id, controller_id, state, recorded_at, part, value, origin, compiled_at)
SELECT p.subject_id, %(controller)s, 0, %(at)s, p.part, p.value, 'compiled', %(at)s
FROM part p ORDER BY p.subject_id, p.part
ON CONFLICT (subject_id, controller_id, part) DO UPDATE
SET value = excluded.value, origin = 'compiled', compiled_at = excluded.compiled_at
WHERE known.origin IN ('compiled', 'stopped')

-- name: stop
-- The profiles of everybody but the given members are emptied: they have objected, or may not be profiled any more.
UPDATE bonus_profile_part p SET value = '[]', origin = 'stopped'
WHERE p.controller_id = %(controller)s AND p.origin IN ('compiled', 'edited') AND p.subject_id <> ALL (%(subjects)s::bigint[])
