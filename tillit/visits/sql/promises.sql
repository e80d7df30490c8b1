-- name: visits
-- What is kept longer than declared, a salt of an earlier day, and single views that hold what could be an address.
SELECT 'fault', 'single views are kept beyond what is declared', count(*) FROM visits_hit
WHERE controller_id = %(controller)s AND keep_until < %(now)s::timestamptz - interval '2 days'
UNION ALL
SELECT 'fault', 'salts of earlier days are not destroyed', count(*) FROM visits_salt
WHERE day < (%(now)s::timestamptz - interval '2 hours')::date - 1
UNION ALL
SELECT 'fault', 'single views hold what could be an address of somebody', count(*) FROM visits_hit
WHERE controller_id = %(controller)s AND (page || source || keyword || campaign) ~ '@|[0-9]{1,3}(\.[0-9]{1,3}){3}'
UNION ALL
SELECT 'fault', 'figures are kept beyond what is declared', count(*) FROM (
  SELECT controller_id, keep_until FROM visits_hour UNION ALL SELECT controller_id, keep_until FROM visits_day_label) f
WHERE f.controller_id = %(controller)s AND f.keep_until < %(now)s::timestamptz - interval '2 days'
UNION ALL
SELECT '', 'views', count(*) FROM visits_hit WHERE controller_id = %(controller)s
