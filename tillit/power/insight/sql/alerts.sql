-- Who is to be told of what (E6).

-- name: wanting
-- The points of the lawful who want a kind of alert, supplied on the day: subject, threshold, point, price area,
-- municipality, use, grid company, contract, its kind, its first day and the first after it.
SELECT s.subject_id, s.threshold, p.id, p.price_area, p.municipality, p.use, coalesce(g.key, ''),
       c.id, c.kind, c.starts, c.ends
FROM power_alert_setting s
JOIN unnest(%(lawful)s::bigint[]) l (subject_id) ON l.subject_id = s.subject_id
JOIN power_point p ON p.subject_id = s.subject_id AND p.controller_id = s.controller_id
JOIN power_contract c ON c.subject_id = p.subject_id AND c.point_id = p.id
                     AND c.starts <= %(today)s AND (c.ends IS NULL OR c.ends > %(today)s)
LEFT JOIN power_grid_company g ON g.id = p.grid_company_id
WHERE s.controller_id = %(controller)s AND s.kind = %(kind)s AND (s.email OR s.sms OR s.push OR s.app)
ORDER BY s.subject_id, p.id

-- name: last_day
-- The last day with meter values of each of the points: point, day.
SELECT p.id, (SELECT max(r.day) FROM power_reading_day r
              WHERE r.subject_id = p.subject_id AND r.point_id = p.id AND r.direction = 1)
FROM power_point p WHERE p.id = ANY (%(points)s)

-- name: important
-- People with important messages since they asked to be told of them: subject, local day, the latest time of the day.
SELECT m.subject_id, (m.due_at AT TIME ZONE 'Europe/Oslo')::date AS day, max(m.due_at)
FROM messages_message m
JOIN power_alert_setting s ON s.subject_id = m.subject_id AND s.controller_id = m.controller_id AND s.kind = 'important'
WHERE m.subject_id = ANY (%(subjects)s) AND m.controller_id = %(controller)s AND m.activity = 'important_notices'
  AND m.direction = 'out' AND m.due_at > %(since)s AND m.due_at <= %(now)s AND m.due_at >= s.set_at
GROUP BY 1, 2

-- name: told
-- Of these people and occasions of a kind, those that were told already: subject, occasion.
SELECT a.subject_id, a.occasion
FROM unnest(%(subjects)s::bigint[], %(occasions)s::text[]) o (subject_id, occasion)
JOIN power_alert a ON a.subject_id = o.subject_id AND a.occasion = o.occasion
WHERE a.controller_id = %(controller)s AND a.kind = %(kind)s
