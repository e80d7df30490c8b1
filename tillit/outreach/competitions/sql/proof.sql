-- name: competitions
-- Of the controller's competitions: somebody who entered and did not win was written to; winners who are not those drawn;
-- strangers kept without any entry left; competitions that were not drawn a month after they closed, while entries wait;
-- lists that were not closed in time, or not before the announced number was known.
SELECT 'fault', 'people who did not win were written to', count(*) FROM messages_message m
JOIN competitions_entry e ON e.subject_id = m.subject_id AND e.controller_id = m.controller_id
  AND m.key = 'competition:' || e.competition_id
WHERE m.controller_id = %(controller)s AND m.activity = 'competitions' AND m.direction = 'out' AND e.won IS NULL
UNION ALL
SELECT 'fault', 'messages about competitions say something else than who has won', count(*) FROM messages_message m
WHERE m.controller_id = %(controller)s AND m.activity = 'competitions' AND m.direction = 'out'
  AND m.template <> 'competition_won'
UNION ALL
SELECT 'fault', 'winners are others than those drawn', count(*) FROM competitions_entry e
JOIN competitions_competition c ON c.id = e.competition_id LEFT JOIN draws_draw d ON d.id = c.draw_id
WHERE e.controller_id = %(controller)s AND (e.won IS NOT NULL AND d.drawn[e.won] IS DISTINCT FROM e.ticket
  OR e.won IS NULL AND e.ticket = ANY (d.drawn))
UNION ALL
SELECT 'fault', 'entries count their period from another day than the draw', count(*) FROM competitions_entry e
JOIN competitions_competition c ON c.id = e.competition_id
WHERE e.controller_id = %(controller)s AND e.drawn_at IS DISTINCT FROM c.drawn_at
UNION ALL
SELECT 'fault', 'competitions closed more than a month ago are not drawn, so their entries stay', count(*)
FROM competitions_competition c WHERE c.controller_id = %(controller)s AND c.stage = 'open'
  AND c.closes_at < %(now)s::timestamptz - interval '1 month'
UNION ALL
SELECT 'fault', 'competitions closed more than an hour ago have published no list', count(*)
FROM competitions_competition c JOIN draws_draw d ON d.id = c.draw_id
WHERE c.controller_id = %(controller)s AND c.stage = 'open' AND d.closed_at IS NULL
  AND c.closes_at < %(now)s::timestamptz - interval '1 hour'
UNION ALL
SELECT 'fault', 'competitions were drawn with a number that could be known before the list stood', count(*)
FROM competitions_competition c JOIN draws_draw d ON d.id = c.draw_id
WHERE c.controller_id = %(controller)s AND d.drawn_at IS NOT NULL AND d.announced_at <= d.closed_at
UNION ALL
SELECT 'fault', 'entrants are kept without any entry', count(*) FROM parties_relationship r
WHERE r.controller_id = %(controller)s AND r.kind = 'visitor' AND r.ended IS NULL
  AND r.recorded_at < %(now)s::timestamptz - interval '2 days'
  AND NOT EXISTS (SELECT FROM competitions_entry e WHERE e.subject_id = r.subject_id AND e.controller_id = r.controller_id)
UNION ALL SELECT '', 'entries', count(*) FROM competitions_entry WHERE controller_id = %(controller)s
