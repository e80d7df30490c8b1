-- name: want
-- The people, each to be asked about at the source from now on: a row of their own, or the one they have.
INSERT INTO registers_check (subject_id, controller_id, state, source, wanted_at, reason, tries, outcome)
SELECT s.id, %(controller)s, s.state, %(source)s, %(at)s, %(reason)s, 0, ''
FROM parties_subject s WHERE s.id = ANY (%(subjects)s::bigint[]) ORDER BY s.id
ON CONFLICT (subject_id, controller_id, source)
DO UPDATE SET wanted_at = excluded.wanted_at, reason = excluded.reason, next_try = NULL

-- name: to_ask
-- People the controller holds an identifier of, whom nobody has asked about since `before`, and who do not wait already.
SELECT DISTINCT f.subject_id FROM parties_sealed_fact f
LEFT JOIN registers_check c ON c.subject_id = f.subject_id AND c.controller_id = %(controller)s AND c.source = %(source)s
WHERE f.kind = %(kind)s AND f.superseded_at IS NULL AND f.controller_id = ANY (%(holders)s) AND f.state = 0
  AND c.wanted_at IS NULL AND (c.checked_at IS NULL OR c.checked_at < %(before)s)

-- name: to_ask_by_fact
-- The same where what we ask by is a fact that stands in clear (a telephone number), and reaches somebody.
SELECT DISTINCT f.subject_id FROM parties_fact f
LEFT JOIN registers_check c ON c.subject_id = f.subject_id AND c.controller_id = %(controller)s AND c.source = %(source)s
WHERE f.kind = %(kind)s AND f.superseded_at IS NULL AND f.failed_at IS NULL AND f.controller_id = ANY (%(holders)s)
  AND f.state = 0 AND c.wanted_at IS NULL AND (c.checked_at IS NULL OR c.checked_at < %(before)s)
