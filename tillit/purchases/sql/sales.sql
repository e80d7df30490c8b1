-- name: keep_sums
-- Adds the purchases in privacy_due, which go next, to the sums that stay. A cell is kept where at least the declared
-- minimum group bought: store and month, else chain and month, else chain and year; what is still fewer is not kept.
WITH chain AS (
  SELECT c.id, v.zone, v.least
  FROM purchases_chain c
  CROSS JOIN LATERAL (
    SELECT x.document->'controller'->>'time_zone' AS zone, (x.document->>'minimum_group')::integer AS least
    FROM declaration_version x WHERE x.controller_id = c.controller_id ORDER BY x.number DESC LIMIT 1
  ) AS v
), bought AS (
  SELECT p.subject_id, p.chain_id, p.store_id, date_trunc('month', p.event_at AT TIME ZONE c.zone)::date AS period,
         c.least, count(*) AS lines, sum(p.amount) AS amount
  FROM privacy_due d
  JOIN purchases_purchase p ON p.subject_id = d.subject_id AND p.id = d.id
  JOIN chain c ON c.id = p.chain_id
  GROUP BY 1, 2, 3, 4, 5
), by_store AS (
  SELECT b.*, count(*) OVER (PARTITION BY b.chain_id, b.store_id, b.period) >= b.least AS enough FROM bought b
), by_chain AS (
  SELECT s.subject_id, s.chain_id, s.period, s.least, sum(s.lines) AS lines, sum(s.amount) AS amount,
         count(*) OVER (PARTITION BY s.chain_id, s.period) >= s.least AS enough
  FROM by_store s WHERE NOT s.enough GROUP BY 1, 2, 3, 4
), by_year AS (
  SELECT m.subject_id, m.chain_id, date_trunc('year', m.period)::date AS period, sum(m.lines) AS lines,
         sum(m.amount) AS amount,
         count(*) OVER (PARTITION BY m.chain_id, date_trunc('year', m.period)) >= m.least AS enough
  FROM by_chain m WHERE NOT m.enough GROUP BY m.subject_id, m.chain_id, date_trunc('year', m.period), m.least
)
INSERT INTO purchases_sales_sum AS kept (chain_id, store_id, grain, period, lines, amount)
SELECT chain_id, store_id, grain, period, sum(lines), sum(amount)
FROM (
  SELECT chain_id, store_id, 'month' AS grain, period, lines, amount FROM by_store WHERE enough
  UNION ALL SELECT chain_id, 0, 'month', period, lines, amount FROM by_chain WHERE enough
  UNION ALL SELECT chain_id, 0, 'year', period, lines, amount FROM by_year WHERE enough
) AS cell
GROUP BY chain_id, store_id, grain, period
ORDER BY chain_id, store_id, grain, period
ON CONFLICT (chain_id, store_id, grain, period) DO UPDATE
SET lines = kept.lines + excluded.lines, amount = kept.amount + excluded.amount

-- name: sales
-- Sales to members of one chain in a period, by store: lines, amount and how many people bought; and under store 0 the
-- chain as a whole. With the sums that stayed of purchases disposed of (whole months inside the period).
WITH here AS (
  SELECT p.store_id, p.subject_id, count(*) AS lines, sum(p.amount) AS amount
  FROM purchases_purchase p
  WHERE p.chain_id = %(chain)s AND p.event_at >= %(start)s AND p.event_at < %(end)s
  GROUP BY 1, 2
), figures AS (
  SELECT coalesce(h.store_id, 0) AS store_id, count(DISTINCT h.subject_id) AS people, sum(h.lines) AS lines,
         sum(h.amount) AS amount
  FROM here h GROUP BY GROUPING SETS ((h.store_id), ())
), kept AS (
  SELECT coalesce(k.store_id, 0) AS store_id, sum(k.lines) AS lines, sum(k.amount) AS amount
  FROM purchases_sales_sum k
  WHERE k.chain_id = %(chain)s AND k.period >= %(first)s AND k.period < %(last)s
    AND (k.grain = 'month' OR k.period + interval '1 year' <= %(last)s)
  GROUP BY GROUPING SETS ((k.store_id), ())
  HAVING GROUPING(k.store_id) = 1 OR k.store_id > 0
)
SELECT store_id, coalesce(f.people, 0), (coalesce(f.lines, 0) + coalesce(k.lines, 0))::bigint,
       (coalesce(f.amount, 0) + coalesce(k.amount, 0))::bigint, coalesce(k.lines, 0) > 0
FROM figures f FULL JOIN kept k USING (store_id)
ORDER BY store_id

-- name: people_by_store
-- Purchases of one chain in a period, by store: how many people bought, lines, amount, and the most of it that is one
-- person's. Only what is here as single purchases: what stayed of those disposed of is sums already.
WITH each AS (
  SELECT p.store_id, p.subject_id, count(*) AS lines, sum(p.amount) AS amount
  FROM purchases_purchase p
  WHERE p.chain_id = %(chain)s AND p.event_at >= %(start)s AND p.event_at < %(end)s
  GROUP BY 1, 2
)
SELECT store_id, count(*), sum(lines)::bigint, sum(amount)::bigint, max(abs(amount))::bigint
FROM each GROUP BY 1 ORDER BY 1
