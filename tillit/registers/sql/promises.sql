-- name: population_register
-- What came from the population register under another source or into a category the activity may not record, who has
-- waited for more than a week, and a register that has not been read to its end for three days.
SELECT 'fault', 'facts of the check have another source than the register', count(*) FROM (
  SELECT f.source FROM parties_fact f WHERE f.controller_id = ANY (%(holders)s) AND f.collected_under = 'population_register_check'
  UNION ALL
  SELECT f.source FROM parties_sealed_fact f
  WHERE f.controller_id = ANY (%(holders)s) AND f.collected_under = 'population_register_check'
) f WHERE f.source <> 'population_register'
UNION ALL
SELECT 'fault', 'facts are of categories that the check may not record', count(*)
FROM parties_fact f WHERE f.controller_id = ANY (%(holders)s) AND f.collected_under = 'population_register_check'
  AND NOT EXISTS (SELECT FROM declaration_grant g WHERE g.controller_id = ANY (%(holders)s)
    AND g.activity = 'population_register_check' AND g.category = f.category AND g.rights & 2 = 2)
UNION ALL
SELECT 'fault', 'people have waited to be asked about for more than a week', count(*) FROM registers_check c
WHERE c.controller_id = %(controller)s AND c.state = 0 AND c.wanted_at < %(now)s::timestamptz - interval '7 days'
UNION ALL
SELECT 'fault', 'registers have not been read to the end for three days', count(*) FROM registers_feed f
WHERE f.controller_id = %(controller)s AND f.failure <> '' AND coalesce(f.done_at, f.run_at) < %(now)s::timestamptz - interval '3 days'
UNION ALL
SELECT '', 'checked', count(*) FROM registers_check c WHERE c.controller_id = %(controller)s AND c.checked_at IS NOT NULL
UNION ALL SELECT '', 'events', coalesce(sum(f.read), 0) FROM registers_feed f WHERE f.controller_id = %(controller)s

-- name: address_register
-- What came from number and address registers under another source or into a category the activity may not record, who
-- was asked about though they had said no, and who has waited for more than a week.
SELECT 'fault', 'facts of the look-ups have another source than the register', count(*) FROM parties_fact f
WHERE f.controller_id = ANY (%(holders)s) AND f.collected_under = 'enrichment' AND f.source <> 'address_register'
UNION ALL
SELECT 'fault', 'facts are of categories that the look-ups may not record', count(*)
FROM parties_fact f WHERE f.controller_id = ANY (%(holders)s) AND f.collected_under = 'enrichment'
  AND NOT EXISTS (SELECT FROM declaration_grant g WHERE g.controller_id = ANY (%(holders)s)
    AND g.activity = 'enrichment' AND g.category = f.category AND g.rights & 2 = 2)
UNION ALL
SELECT 'fault', 'people have waited to be asked about for more than a week', count(*) FROM registers_check c
WHERE c.controller_id = %(controller)s AND c.source = 'address_register' AND c.state = 0
  AND c.wanted_at < %(now)s::timestamptz - interval '7 days'
UNION ALL
SELECT '', 'checked', count(*) FROM registers_check c
WHERE c.controller_id = %(controller)s AND c.source = 'address_register' AND c.checked_at IS NOT NULL
