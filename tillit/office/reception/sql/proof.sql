-- name: reception
-- Of the controller's reception: visits that nobody has ended the day after (their period would never run); two in the
-- house under one badge; anything kept of a visitor beside the name and the times (H17).
SELECT 'fault', 'visits are still open the day after, so that their period does not run', count(*) FROM reception_visit
WHERE controller_id = %(controller)s AND left_at IS NULL AND arrived_at < %(now)s::timestamptz - interval '2 days'
UNION ALL
SELECT 'fault', 'two people in the house have one badge', count(*) FROM (
  SELECT FROM reception_visit WHERE controller_id = %(controller)s AND left_at IS NULL GROUP BY badge HAVING count(*) > 1
) twice
UNION ALL
SELECT 'fault', 'more than the name and the times is kept of visitors', count(*) FROM pg_attribute
WHERE attrelid = 'reception_visit'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN
  ('subject_id', 'id', 'controller_id', 'state', 'recorded_at', 'name', 'badge', 'arrived_at', 'left_at')
UNION ALL SELECT '', 'visits', count(*) FROM reception_visit WHERE controller_id = %(controller)s
