-- name: hours
-- The figures of a controller's hours from `since` on, made anew from the single views of the days since: a visit begins
-- where the visitor was away for half an hour.
WITH views AS (
  SELECT at, day, visitor, page, source, keyword, campaign, device, browser, country,
    lag(at) OVER mine IS NULL OR at - lag(at) OVER mine > interval '30 minutes' AS begins
  FROM visits_hit WHERE controller_id = %(controller)s AND at >= %(from)s AND NOT "left"
  WINDOW mine AS (PARTITION BY visitor, day ORDER BY at)
), stayed AS (
  SELECT date_trunc('hour', at) AS hour, page, sum(seconds) AS seconds FROM visits_hit
  WHERE controller_id = %(controller)s AND at >= %(since)s AND "left" GROUP BY 1, 2
), cells AS (
  SELECT date_trunc('hour', v.at) AS hour, m.measure, m.label, count(*) AS views, count(*) FILTER (WHERE v.begins) AS visits
  FROM views v
  CROSS JOIN LATERAL (VALUES ('all', ''), ('page', v.page), ('source', v.source), ('keyword', v.keyword),
    ('campaign', v.campaign), ('device', v.device), ('browser', v.browser), ('country', v.country)) AS m (measure, label)
  WHERE v.at >= %(since)s AND (m.label <> '' OR m.measure = 'all') GROUP BY 1, 2, 3
)
INSERT INTO visits_hour (controller_id, hour, measure, label, views, visits, seconds, keep_until)
SELECT %(controller)s, c.hour, c.measure, c.label, c.views, c.visits,
  coalesce(CASE c.measure WHEN 'page' THEN s.seconds
    WHEN 'all' THEN (SELECT sum(t.seconds) FROM stayed t WHERE t.hour = c.hour) END, 0),
  c.hour + %(kept)s::interval
FROM cells c LEFT JOIN stayed s ON s.hour = c.hour AND s.page = c.label AND c.measure = 'page'
ON CONFLICT (controller_id, measure, hour, label)
DO UPDATE SET views = excluded.views, visits = excluded.visits, seconds = excluded.seconds

-- name: days
-- The same for days from `day` on.
WITH views AS (
  SELECT day, visitor, at, lag(at) OVER mine IS NULL OR at - lag(at) OVER mine > interval '30 minutes' AS begins
  FROM visits_hit WHERE controller_id = %(controller)s AND at >= %(from)s AND NOT "left"
  WINDOW mine AS (PARTITION BY visitor, day ORDER BY at)
), visits AS (
  SELECT day, visitor, sum(begins::int) OVER (PARTITION BY visitor, day ORDER BY at) AS visit FROM views
), single AS (SELECT day, visitor, visit, count(*) AS views FROM visits GROUP BY 1, 2, 3)
INSERT INTO visits_day (controller_id, day, visitors, visits, single, keep_until)
SELECT %(controller)s, day, count(DISTINCT visitor), count(*), count(*) FILTER (WHERE views = 1), day + %(kept)s::interval
FROM single GROUP BY day
ON CONFLICT (controller_id, day)
DO UPDATE SET visitors = excluded.visitors, visits = excluded.visits, single = excluded.single

-- name: labels
-- The hours' figures of whole local days, from the midnight `from` on, added up by day.
INSERT INTO visits_day_label (controller_id, day, measure, label, views, visits, seconds, keep_until)
SELECT controller_id, (hour AT TIME ZONE %(zone)s)::date, measure, label, sum(views), sum(visits), sum(seconds), min(keep_until)
FROM visits_hour WHERE controller_id = %(controller)s AND hour >= %(from)s GROUP BY 1, 2, 3, 4
ON CONFLICT (controller_id, measure, day, label)
DO UPDATE SET views = excluded.views, visits = excluded.visits, seconds = excluded.seconds

-- name: totals
-- Of a controller from the day `first` to before `last`: views, visits, seconds.
SELECT coalesce(sum(views), 0), coalesce(sum(visits), 0), coalesce(sum(seconds), 0) FROM visits_day_label
WHERE controller_id = %(controller)s AND measure = 'all' AND day >= %(first)s AND day < %(last)s

-- name: series
-- The same by day, week or month (`unit`), local time.
SELECT date_trunc(%(unit)s, day::timestamp)::date, sum(views), sum(visits) FROM visits_day_label
WHERE controller_id = %(controller)s AND measure = 'all' AND day >= %(first)s AND day < %(last)s GROUP BY 1 ORDER BY 1

-- name: top
-- The labels of a measure with most views.
SELECT label, sum(views), sum(visits), sum(seconds) FROM visits_day_label
WHERE controller_id = %(controller)s AND measure = %(measure)s AND day >= %(first)s AND day < %(last)s
GROUP BY label ORDER BY 2 DESC, 1 LIMIT %(limit)s

-- name: heat
-- Views by weekday (1: Monday) and hour of the day, local time.
SELECT extract(isodow FROM hour AT TIME ZONE %(zone)s)::int, extract(hour FROM hour AT TIME ZONE %(zone)s)::int, sum(views)
FROM visits_hour
WHERE controller_id = %(controller)s AND measure = 'all' AND hour >= %(start)s AND hour < %(end)s GROUP BY 1, 2

-- name: unique
-- Visitors of each day, added up, visits, and visits of a single page.
SELECT coalesce(sum(visitors), 0), coalesce(sum(visits), 0), coalesce(sum(single), 0) FROM visits_day
WHERE controller_id = %(controller)s AND day >= %(first)s AND day < %(last)s

-- name: live
-- What is looked at now: visitors of the last five minutes, and views of the last half an hour by page.
SELECT (SELECT count(DISTINCT visitor) FROM visits_hit
        WHERE controller_id = %(controller)s AND at > %(now)s::timestamptz - interval '5 minutes'),
  coalesce((SELECT json_agg(json_build_array(page, views)) FROM (
    SELECT page, count(*) AS views FROM visits_hit
    WHERE controller_id = %(controller)s AND at > %(now)s::timestamptz - interval '30 minutes' AND NOT "left"
    GROUP BY page HAVING count(DISTINCT visitor) >= %(least)s ORDER BY 2 DESC, 1 LIMIT 10) p), '[]')

-- name: funnel
-- How many visitors, each day by itself, came to each of the steps (beginnings of addresses) after the one before.
WITH RECURSIVE reached AS (
  SELECT visitor, day, min(at) AS at, 1 AS step FROM visits_hit
  WHERE controller_id = %(controller)s AND at >= %(start)s AND at < %(end)s AND NOT "left"
    AND page LIKE (%(steps)s::text[])[1]
  GROUP BY visitor, day
  UNION ALL
  SELECT r.visitor, r.day, (
    SELECT min(h.at) FROM visits_hit h WHERE h.visitor = r.visitor AND h.day = r.day AND h.at > r.at
      AND h.controller_id = %(controller)s AND NOT h."left" AND h.page LIKE (%(steps)s::text[])[r.step + 1]
  ), r.step + 1
  FROM reached r WHERE r.at IS NOT NULL AND r.step < cardinality(%(steps)s::text[])
)
SELECT step, count(*) FILTER (WHERE at IS NOT NULL) FROM reached GROUP BY step
