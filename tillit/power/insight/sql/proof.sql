-- What `tillit prove` asks of the insight into power use (E4, E5, E6, E7).

-- name: household_comparison
-- Groups that say something of few: of fewer than the release's least, whose fifth would be fewer than five, whose line
-- does not lie between the fifth's mean and the mean of all, or that are of no release. Then what there is.
WITH released AS (
  SELECT r.id, r.least, c.id AS cell, c.people, g.cell_id, g.efficient_wh, g.efficient_to_wh, g.mean_wh
  FROM disclosure_release r JOIN disclosure_release_cell c ON c.release_id = r.id
  LEFT JOIN power_comparison_group g ON g.cell_id = c.id
  WHERE r.controller_id = %(controller)s AND r.measure = 'household_use'
)
SELECT 'fault', 'groups of too few households', count(*) FROM released WHERE least < 25 OR people < least - 4
UNION ALL
SELECT 'fault', 'groups whose figures do not belong together', count(*) FROM released
WHERE cell_id IS NULL OR efficient_wh > efficient_to_wh OR efficient_to_wh > mean_wh
UNION ALL
SELECT '', 'groups', count(*) FROM released
UNION ALL
SELECT '', 'months', count(DISTINCT id) FROM released

-- name: energy_insight
-- What is derived for who does not use the app, and estimates without a range or parts of a month. Then what there is.
WITH parts AS (SELECT * FROM power_month_part WHERE controller_id = %(controller)s)
SELECT 'fault', 'estimates for people who do not use the app', count(*) FROM parts m
WHERE NOT EXISTS (SELECT FROM power_app_account a
                  WHERE a.subject_id = m.subject_id AND a.controller_id = m.controller_id AND a.ended_at IS NULL)
UNION ALL
SELECT 'fault', 'estimates outside their range', count(*) FROM parts
WHERE NOT (low_wh <= middle_wh AND middle_wh <= high_wh)
UNION ALL
SELECT '', 'estimates', count(*) FROM parts

-- name: energy_alerts
-- Alerts due in the person's quiet hours (as they stood before the alert was given), messages of alerts that no alert
-- stands for (those of the app's kinds go with the app), alerts given twice, messages that tell figures of an app that is
-- deleted, and what was sent though it was switched off by then. Then what there is.
WITH alerts AS (SELECT * FROM power_alert WHERE controller_id = %(controller)s)
SELECT 'fault', 'alerts in quiet hours', count(*)
FROM alerts a
JOIN power_quiet_hours q ON q.subject_id = a.subject_id AND q.controller_id = a.controller_id AND q."on"
                        AND q.set_at <= a.given_at
CROSS JOIN LATERAL (SELECT extract(hour FROM a.due_at AT TIME ZONE q.zone) * 60
                           + extract(minute FROM a.due_at AT TIME ZONE q.zone) AS minute) l
WHERE CASE WHEN q.starts < q.ends THEN l.minute >= q.starts AND l.minute < q.ends
           ELSE l.minute >= q.starts OR l.minute < q.ends END
UNION ALL
SELECT 'fault', 'messages that no alert stands for', count(*)
FROM messages_message m
WHERE m.controller_id = %(controller)s AND m.activity = 'energy_alerts' AND m.direction = 'out'
  AND m.template IN ('price_above', 'price_below', 'readings_gap', 'contract_ends')
  AND m.queued_at > %(now)s::timestamptz - interval '30 days'
  AND NOT EXISTS (SELECT FROM alerts a WHERE a.subject_id = m.subject_id
                  AND m.key = concat_ws(':', a.template, a.occasion, m.channel))
UNION ALL
SELECT 'fault', 'alerts given twice', count(*)
FROM (SELECT FROM alerts GROUP BY subject_id, kind, occasion HAVING count(*) > 1) twice
UNION ALL
SELECT 'fault', 'messages with figures of an app that is deleted', count(*)
FROM messages_message m
WHERE m.controller_id = %(controller)s AND m.activity = 'energy_alerts'
  AND m.template IN ('high_use', 'capacity_peak_near', 'capacity_peak_over', 'saving_base', 'saving_vehicle', 'saving_heating')
  AND NOT EXISTS (SELECT FROM power_app_account a
                  WHERE a.subject_id = m.subject_id AND a.controller_id = m.controller_id AND a.ended_at IS NULL)
  AND NOT EXISTS (SELECT FROM privacy_hold h
                  WHERE h.subject_id = m.subject_id AND h.controller_id = m.controller_id AND h.released IS NULL)
UNION ALL
SELECT 'fault', 'alerts sent though their kind was switched off', count(*)
FROM messages_message m
JOIN power_alert_setting s ON s.subject_id = m.subject_id AND s.controller_id = m.controller_id
                          AND (m.template = s.kind OR m.template = s.kind || '_ends' OR m.template = s.kind || '_waits' OR m.template = s.kind || '_near'
                               OR m.template = s.kind || '_over' OR m.template LIKE 'saving_%%' AND s.kind = 'saving_advice')
WHERE m.controller_id = %(controller)s AND m.activity = 'energy_alerts' AND m.message_state = 'sent'
  AND m.handed_at > s.set_at + interval '1 minute'
  AND NOT CASE m.channel WHEN 'email' THEN s.email WHEN 'sms' THEN s.sms WHEN 'push' THEN s.push ELSE true END
UNION ALL
SELECT '', 'alerts', count(*) FROM alerts
