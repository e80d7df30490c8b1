-- name: year
-- Figures of each hour between `first` and `last`: `views` in all, spread over labels.
INSERT INTO visits_hour (controller_id, hour, measure, label, views, visits, seconds)
SELECT %(controller)s, h.hour, m.measure, m.label, (%(views)s / 8760.0 / m.among)::int + 1, (%(views)s / 35040.0 / m.among)::int + 1, 0
FROM generate_series(%(first)s::timestamptz, %(last)s::timestamptz, interval '1 hour') h (hour)
CROSS JOIN (
  SELECT 'all' AS measure, '' AS label, 1 AS among
  UNION ALL SELECT 'page', '/page-' || n || '/', 40 FROM generate_series(1, 40) n
  UNION ALL SELECT 'source', 'link: host' || n || '.example', 8 FROM generate_series(1, 8) n
  UNION ALL SELECT 'browser', 'Firefox ' || n, 6 FROM generate_series(1, 6) n
  UNION ALL SELECT 'device', n, 3 FROM unnest(ARRAY['phone', 'tablet', 'computer']) n
) m
ON CONFLICT (controller_id, measure, hour, label) DO UPDATE SET views = visits_hour.views + excluded.views
