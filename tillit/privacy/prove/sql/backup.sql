-- name: first_link
-- When the first event of the installation was put on its chain.
SELECT min(linked_at) FROM audit_link

-- name: unremembered
-- Per kind of act since a moment: how many rows of one controller the journal has no copy of.
SELECT 'withdrawals and objections', count(*) FROM consent_event e
WHERE e.controller_id = %(controller)s AND e.kind IN ('withdrawn', 'objected') AND e.recorded_at >= %(since)s
  AND NOT EXISTS (SELECT FROM parties_journal j WHERE j.subject_id = e.subject_id AND j.kind = 'row'
                  AND j.relation = 'consent_event' AND j.row = e.id::text)
UNION ALL
SELECT 'restrictions', count(*) FROM consent_restriction r
WHERE r.controller_id = %(controller)s AND greatest(r.recorded_at, r.lifted) >= %(since)s
  AND NOT EXISTS (SELECT FROM parties_journal j WHERE j.subject_id = r.subject_id AND j.kind = 'row'
                  AND j.relation = 'consent_restriction' AND j.row = r.id::text)
UNION ALL
SELECT 'corrections', count(*) FROM parties_fact f
WHERE f.controller_id = %(controller)s AND f.superseded_at >= %(since)s
  AND NOT EXISTS (SELECT FROM parties_journal j WHERE j.subject_id = f.subject_id AND j.kind = 'row'
                  AND j.relation = 'parties_fact' AND j.row = f.id::text)
UNION ALL
SELECT 'erasures', count(*) FROM audit_event a
WHERE a.controller_id = %(controller)s AND a.type = 'person.erased' AND a.recorded_at >= %(since)s
  AND NOT EXISTS (SELECT FROM parties_journal j WHERE j.subject_id = a.subject_id AND j.kind = 'erasure')

-- name: remembered
-- How many entries the journal holds since a moment.
SELECT count(*) FROM parties_journal WHERE recorded_at >= %(since)s
