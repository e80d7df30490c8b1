-- name: payouts
-- Money that goes to people's accounts goes once, by two, and on record (D7, D8): payouts that were sent and that nobody
-- has heard of for ten days, sent ones whose account was opened off the record, approved files that hold something else
-- than was approved, refunds, cash and claims with more than one payout that counts, and payouts under way that the books
-- do not know, and debits of what we held to be not sent, refused or paid already. Then what there is of each.
WITH mine AS (SELECT * FROM services_payout WHERE controller_id = %(controller)s),
under_way AS (
  SELECT m.subject_id, m.category, sum(m.amount) AS amount FROM mine m
  WHERE m.payout_state IN ('waiting', 'proposed', 'sent')
     OR m.payout_state = 'refused' AND NOT EXISTS (
       SELECT FROM mine o WHERE o.subject_id = m.subject_id AND o.after_id = m.id)
  GROUP BY 1, 2
), booked AS (
  SELECT b.subject_id, b.category, sum(b.balance) AS amount FROM ledger_balance b
  WHERE b.controller_id = %(controller)s AND b.kind = 122 GROUP BY 1, 2
)
SELECT 'fault', 'payouts nobody has heard of for ten days', count(*) FROM mine m
JOIN services_payout_run r ON r.id = m.run_id
WHERE m.payout_state = 'sent' AND r.approved_at < %(now)s::timestamptz - interval '10 days'
UNION ALL
SELECT 'fault', 'payouts whose account was opened off the record', count(*) FROM mine m
JOIN services_payout_run r ON r.id = m.run_id
WHERE m.payout_state IN ('sent', 'paid') AND r.approved_at > %(now)s::timestamptz - interval '30 days' AND NOT EXISTS (
  SELECT FROM audit_event e
  WHERE e.subject_id = m.subject_id AND e.type = 'payout_account.opened' AND e.details -> 'row' = to_jsonb(m.id)
    AND e.details -> 'run' = to_jsonb(m.run_id)
)
UNION ALL
SELECT 'fault', 'approved files that hold something else than was approved', count(*) FROM services_payout_run r
WHERE r.controller_id = %(controller)s AND r.state = 'approved'
  AND r.approved_at > %(now)s::timestamptz - interval '1 year'
  AND EXISTS (SELECT FROM mine m WHERE m.run_id = r.id)
  AND (SELECT count(*) <> r.count OR coalesce(sum(m.amount), 0) <> r.amount FROM mine m WHERE m.run_id = r.id)
UNION ALL
SELECT 'fault', 'things that are paid out twice', count(*) FROM (
  SELECT FROM mine m WHERE m.payout_state IN ('waiting', 'proposed', 'sent', 'paid')
  GROUP BY m.subject_id, m.of, m.of_id HAVING count(*) > 1
) AS twice
UNION ALL
SELECT 'fault', 'people with payouts under way that the books do not know', count(*)
FROM under_way u FULL JOIN booked b ON b.subject_id = u.subject_id AND b.category = u.category
WHERE coalesce(u.amount, 0) <> coalesce(b.amount, 0)
UNION ALL
SELECT 'fault', 'debits of payouts held to be not sent, refused or paid already, which nobody has seen to', count(*)
FROM services_bank_line b WHERE b.controller_id = %(controller)s AND b.loose AND b.amount < 0
UNION ALL
SELECT '', 'payouts', count(*) FROM mine

-- name: hold
-- Payouts that waited when a dump was made may have been sent since: they are in no file until the bank's statements have
-- told of all days from the dump to the restore. The dump is no older than the last payout or file in it.
UPDATE services_payout p
SET held_at = %(now)s, payout_state = 'waiting', run_id = NULL, released_by = '', told_until = (
  greatest(p.made_at, (SELECT max(o.made_at) FROM services_payout o), (SELECT max(r.made_at) FROM services_payout_run r))
  AT TIME ZONE 'Europe/Oslo')::date
WHERE p.payout_state IN ('waiting', 'proposed')

-- name: hold_files
-- The files they were proposed in are not approved: what they held may have gone in another.
UPDATE services_payout_run SET state = 'dropped' WHERE state = 'proposed' AND made_at <= %(now)s
