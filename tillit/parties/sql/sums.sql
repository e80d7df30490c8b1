-- name: keep_sums
-- Adds the ended relationships in privacy_due, which go next, to the sums that stay. A cell is kept where at least the
-- declared minimum group is in it: the month they ended in, else the year; what is still fewer is not kept.
WITH bound AS MATERIALIZED (  -- read once each, not for every row: a declaration is long
  SELECT c.id, (SELECT (v.document->>'minimum_group')::integer FROM declaration_version v WHERE v.controller_id = c.id
                ORDER BY v.number DESC LIMIT 1) AS least
  FROM declaration_controller c
), gone AS (
  SELECT r.subject_id, r.controller_id, r.kind, date_trunc('month', r.ended)::date AS month, b.least,
         sum(r.ended - r.started) AS days
  FROM privacy_due d
  JOIN parties_relationship r ON r.subject_id = d.subject_id AND r.id = d.id
  JOIN bound b ON b.id = r.controller_id
  WHERE r.ended IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5
), by_month AS (
  SELECT g.*, count(*) OVER (PARTITION BY g.controller_id, g.kind, g.month) >= g.least AS enough FROM gone g
), by_year AS (
  SELECT m.subject_id, m.controller_id, m.kind, date_trunc('year', m.month)::date AS year, sum(m.days) AS days,
         count(*) OVER (PARTITION BY m.controller_id, m.kind, date_trunc('year', m.month)) >= m.least AS enough
  FROM by_month m WHERE NOT m.enough GROUP BY m.subject_id, m.controller_id, m.kind, date_trunc('year', m.month), m.least
)
INSERT INTO parties_relationship_sum AS kept (controller_id, kind, grain, period, ended, days)
SELECT controller_id, kind, grain, period, count(*), sum(days)
FROM (
  SELECT controller_id, kind, 'month' AS grain, month AS period, days FROM by_month WHERE enough
  UNION ALL SELECT controller_id, kind, 'year', year, days FROM by_year WHERE enough
) AS cell
GROUP BY controller_id, kind, grain, period
ORDER BY controller_id, kind, grain, period
ON CONFLICT (controller_id, kind, grain, period) DO UPDATE
SET ended = kept.ended + excluded.ended, days = kept.days + excluded.days
