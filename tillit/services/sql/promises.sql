-- name: card_blocking
-- The blocking service keeps its word (D2): orders that nobody has followed up for a quarter of an hour, numbers that
-- outlived their place on the service, and openings of late that are not on record. Then what there is of each.
WITH orders AS (SELECT * FROM services_block_order WHERE controller_id = %(controller)s)
SELECT 'fault', 'orders that nobody follows up', count(*) FROM orders
WHERE settled_at IS NULL AND order_state <> 'rejected' AND due_at < %(now)s::timestamptz - interval '15 minutes'
UNION ALL
SELECT 'fault', 'numbers of what was taken off the service', count(*) FROM services_instrument
WHERE controller_id = %(controller)s AND removed_at IS NOT NULL AND sealed IS NOT NULL
UNION ALL
SELECT 'fault', 'orders whose number was opened off the record', count(*) FROM orders o
WHERE handed_over AND ordered_at > %(now)s::timestamptz - interval '30 days' AND NOT EXISTS (
  SELECT FROM audit_event e
  WHERE e.subject_id = o.subject_id AND e.type = 'blocked_instrument.opened' AND e.details -> 'order' = to_jsonb(o.id)
)
UNION ALL
SELECT '', 'orders', count(*) FROM orders
UNION ALL
SELECT '', 'instruments', count(*) FROM services_instrument WHERE controller_id = %(controller)s

-- name: payments
-- What people owe and have paid is what the books say, and no card number stands anywhere (D8): people whose open
-- invoices are not what they owe in the ledger, payments nobody knows the outcome of for a day, rows of payments with
-- more of a card than its last four, people whose payments are not what their invoices and orders took of them and what
-- they have with us (of whom nothing in the books has lapsed), orders that count as paid though their invoice was not.
-- Then what there is of each.
WITH owed AS (
  SELECT i.subject_id, i.category, sum(i.amount + i.fee - i.paid - i.credited - i.lost) AS amount
  FROM services_invoice i WHERE i.controller_id = %(controller)s GROUP BY i.subject_id, i.category
), cash AS (
  SELECT o.subject_id, sum(o.cash) AS amount FROM services_one_off_order o
  WHERE o.controller_id = %(controller)s AND o.paid_out_at IS NOT NULL AND o.order_state = 'placed'
    AND NOT EXISTS (SELECT FROM services_invoice i WHERE i.subject_id = o.subject_id AND i.order_id = o.id)
  GROUP BY o.subject_id
), said AS (
  SELECT subject_id, category, sum(amount) AS amount
  FROM (SELECT * FROM owed UNION ALL SELECT subject_id, 35, amount FROM cash) AS each GROUP BY subject_id, category
), booked AS (
  SELECT b.subject_id, b.category, -sum(b.balance) AS amount FROM ledger_balance b
  WHERE b.controller_id = %(controller)s AND b.kind = 210 GROUP BY b.subject_id, b.category
), noted AS (
  SELECT i.*, coalesce((
    SELECT -sum((l ->> 'amount')::bigint) FROM jsonb_array_elements(i.lines) l WHERE (l ->> 'amount')::bigint < 0
  ), 0) AS noted
  FROM services_invoice i WHERE i.controller_id = %(controller)s
), took AS (
  SELECT n.subject_id, n.category, n.paid - (n.noted - n.credited) AS amount FROM noted n
  UNION ALL
  SELECT o.subject_id, 35, o.amount - CASE WHEN o.paid_out_at IS NULL THEN o.cash ELSE 0 END
  FROM services_one_off_order o
  WHERE o.controller_id = %(controller)s AND o.order_state IN ('paid', 'delivered')
    AND NOT EXISTS (SELECT FROM services_invoice i WHERE i.subject_id = o.subject_id AND i.order_id = o.id)
  UNION ALL
  SELECT b.subject_id, b.category, b.balance FROM ledger_balance b
  WHERE b.controller_id = %(controller)s AND b.kind = 120
  UNION ALL
  SELECT p.subject_id, p.category, -p.amount FROM services_payment p
  WHERE p.controller_id = %(controller)s
    AND (p.payment_state = 'done' OR p.amount < 0 AND p.payment_state <> 'failed')
), apart AS (
  SELECT t.subject_id FROM took t
  WHERE NOT EXISTS (
    SELECT FROM ledger_balance b
    WHERE b.subject_id = t.subject_id AND b.category = t.category AND b.controller_id = %(controller)s
      AND b.carried <> 0
  )
  GROUP BY t.subject_id, t.category HAVING sum(t.amount) <> 0
)
SELECT 'fault', 'people whose invoices are not what they owe in the books', count(*)
FROM said s FULL JOIN booked b ON b.subject_id = s.subject_id AND b.category = s.category
WHERE coalesce(s.amount, 0) <> coalesce(b.amount, 0)
UNION ALL
SELECT 'fault', 'payments nobody knows the outcome of for a day', count(*) FROM services_payment
WHERE controller_id = %(controller)s AND payment_state = 'under_way'
  AND begun_at < %(now)s::timestamptz - interval '1 day'
UNION ALL
SELECT 'fault', 'payments with more of a card than its last four', count(*) FROM services_payment
WHERE controller_id = %(controller)s AND (masked ~ '\D' OR length(masked) > 4 OR reason ~ '\d{12}')
UNION ALL
SELECT 'fault', 'people whose payments are not what the books took of them', count(*) FROM apart
UNION ALL
SELECT 'fault', 'orders that count as paid though their invoice was not', count(*) FROM services_one_off_order o
JOIN noted n ON n.subject_id = o.subject_id AND n.order_id = o.id
WHERE o.order_state IN ('paid', 'delivered') AND (n.lost > 0 OR n.paid = 0 OR n.noted >= n.amount)
UNION ALL
SELECT '', 'invoices', count(*) FROM services_invoice WHERE controller_id = %(controller)s
UNION ALL
SELECT '', 'payments', count(*) FROM services_payment WHERE controller_id = %(controller)s

-- name: claims
-- Who is to be told of a claim is told, and what was approved is in the books (D7): notices older than a day, approved
-- claims and what is due in the ledger that differ. Then what there is of each.
SELECT 'fault', 'claims the insurer or broker was not told of for a day', count(*) FROM services_claim_notice
WHERE controller_id = %(controller)s AND told_at IS NULL AND recorded_at < %(now)s::timestamptz - interval '1 day'
UNION ALL
SELECT 'fault', 'people with approved claims that the books do not know', count(*) FROM (
  SELECT c.subject_id, sum((c.fields ->> 'approved')::bigint) AS amount FROM cases_case c
  WHERE c.controller_id = %(controller)s AND c.kind = 'insurance_claim' AND c.stage = 'approved' GROUP BY c.subject_id
) AS said FULL JOIN (
  SELECT b.subject_id, b.balance AS amount FROM ledger_balance b
  WHERE b.controller_id = %(controller)s AND b.kind = 121 AND b.balance <> 0
) AS booked ON booked.subject_id = said.subject_id
WHERE said.amount IS DISTINCT FROM booked.amount
UNION ALL
SELECT '', 'claims that are handled', count(*) FROM cases_case
WHERE controller_id = %(controller)s AND kind = 'insurance_claim'
UNION ALL
SELECT '', 'paid claims', count(*) FROM services_paid_claim WHERE controller_id = %(controller)s
UNION ALL
SELECT '', 'refused claims', count(*) FROM services_refused_claim WHERE controller_id = %(controller)s

-- name: entitlements
-- Free access rests on what the partner says (D1): agreements that a partner pays for without an entitlement that stands,
-- entitlements past their own day, lists that wait for approval for more than a week. Then what there is of each.
WITH stands AS (
  SELECT * FROM services_entitlement
  WHERE controller_id = %(controller)s AND starts <= %(on)s AND (ends IS NULL OR ends > %(on)s)
)
SELECT 'fault', 'agreements that no entitlement stands behind', count(*) FROM services_agreement a
WHERE a.controller_id = %(controller)s AND a.payer = 'partner' AND a.ends IS NULL AND a.starts <= %(on)s AND NOT EXISTS (
  SELECT FROM stands s
  WHERE s.subject_id = a.subject_id AND s.partner_id = a.partner_id AND s.product_id = a.product_id
)
UNION ALL
SELECT 'fault', 'entitlements past their own day', count(*) FROM services_entitlement
WHERE controller_id = %(controller)s AND end_reason = '' AND ends < %(on)s::date - 1
UNION ALL
SELECT 'fault', 'lists that wait for more than a week', count(*) FROM services_partner_file f
JOIN services_partner p ON p.id = f.partner_id
WHERE p.controller_id = %(controller)s AND f.state = 'waiting' AND f.received_at < %(now)s::timestamptz - interval '7 days'
  AND NOT EXISTS (SELECT FROM services_partner_file n WHERE n.partner_id = f.partner_id AND n.received_at > f.received_at)
UNION ALL
SELECT '', 'entitlements', count(*) FROM stands

-- name: supplied
-- Who delivers is told whom it serves, and when that is over (D1): agreements that run and that a supplier was to be
-- told of three days ago, and does not have, but where the person's own rights keep it from being told; agreements that
-- were over three days ago, that nothing goes on from, and whose supplier has not been told so; what they have without a
-- disclosure on record. Then what there is of each.
WITH notices AS (
  SELECT n.*, p.key AS party FROM services_supplier_notice n JOIN services_supplier p ON p.id = n.supplier_id
  WHERE n.controller_id = %(controller)s
)
SELECT 'fault', 'agreements whose supplier does not have what it needs for three days', count(*) FROM notices n
JOIN services_agreement a ON a.subject_id = n.subject_id AND a.id = n.agreement_id
WHERE n.settled_at IS NULL AND n.asked_at < %(now)s::timestamptz - interval '3 days'
  AND (a.ends IS NULL OR a.ends > %(on)s) AND n.reason NOT IN ('restricted', 'objected', 'deceased')
UNION ALL
SELECT 'fault', 'suppliers that were not told for three days that an agreement is over', count(*) FROM notices n
LEFT JOIN services_agreement a ON a.subject_id = n.subject_id AND a.id = n.agreement_id
WHERE (n.notice_state = 'ending' OR n.notice_state = 'confirmed' AND a.id IS NOT NULL)
  AND (a.id IS NULL OR a.ends <= %(on)s::date - 3) AND NOT EXISTS (
    SELECT FROM services_agreement g JOIN services_product p ON p.id = g.product_id
    WHERE g.subject_id = n.subject_id AND g.product_id = a.product_id AND p.supplier_id = n.supplier_id
      AND g.starts <= %(on)s AND (g.ends IS NULL OR g.ends > %(on)s::date - 3)
  )
UNION ALL
SELECT 'fault', 'suppliers that have what is not on record as disclosed', count(*) FROM notices n
WHERE n.notice_state = 'confirmed' AND n.settled_at > %(now)s::timestamptz - interval '30 days' AND NOT EXISTS (
  SELECT FROM disclosure_disclosure d
  WHERE d.subject_id = n.subject_id AND d.recipient = 'service_supplier' AND d.party = n.party
    AND d.disclosed_at >= n.asked_at - interval '1 minute'
)
UNION ALL
SELECT '', 'agreements that suppliers are told of', count(*) FROM notices

-- name: partners_asked
-- A partner is asked of its own customers, on record (D1): questions of the last month without a disclosure to that
-- partner just before, disclosures of entitlement to somebody who is none of the controller's partners. Then what there
-- is of each.
WITH asked AS (
  SELECT e.subject_id, e.at, e.details ->> 'partner' AS partner FROM audit_event e
  WHERE e.controller_id = %(controller)s AND e.type = 'entitlement.asked'
    AND e.at > %(now)s::timestamptz - interval '30 days'
)
SELECT 'fault', 'questions to partners without a disclosure on record', count(*) FROM asked a
WHERE NOT EXISTS (
  SELECT FROM disclosure_disclosure d
  WHERE d.subject_id = a.subject_id AND d.recipient = 'entitling_partner' AND d.party = a.partner
    AND d.disclosed_at BETWEEN a.at - interval '1 hour' AND a.at
)
UNION ALL
SELECT 'fault', 'entitlements told to somebody who is no partner', count(*) FROM disclosure_disclosure d
WHERE d.controller_id = %(controller)s AND d.recipient = 'entitling_partner' AND NOT EXISTS (
  SELECT FROM services_partner p WHERE p.controller_id = %(controller)s AND p.key = d.party
)
UNION ALL
SELECT '', 'questions to partners', count(*) FROM asked

-- name: advice
-- Gender is used for advice, and not of whoever objects (D13): looks at the gender of somebody for advice after their
-- objection to it, looks for advice at more than gender. Then how much advice there is, and of how many a gender is held.
WITH looks AS (
  SELECT e.subject_id, e.at, e.details FROM audit_event e
  WHERE e.controller_id = %(controller)s AND e.type = 'person.read' AND e.details ->> 'purpose' = 'tailored_advice'
)
SELECT 'fault', 'genders that were used for advice against an objection', count(*) FROM looks e
JOIN consent_choice c ON c.subject_id = e.subject_id AND c.controller_id = %(controller)s
WHERE c.activity = 'tailored_advice' AND c.objected AND c.since < e.at AND e.details -> 'categories' ? 'gender'
UNION ALL
SELECT 'fault', 'looks for advice at more than gender', count(*) FROM looks e
WHERE NOT e.details -> 'categories' <@ '["gender"]'
UNION ALL
SELECT '', 'pieces of advice', count(*) FROM services_advice
WHERE controller_id = %(controller)s AND (ends IS NULL OR ends > %(on)s)
UNION ALL
SELECT '', 'genders held', count(*) FROM parties_fact
WHERE controller_id = %(controller)s AND kind = 'gender' AND superseded_at IS NULL

-- name: family
-- A family rests on consent (D12): cards of somebody who is in no family any more and is not being blocked, ties whose
-- consent does not stand, children whom a parent still answers for after the day before yesterday's birthday. Then ties.
SELECT 'fault', 'cards of somebody who is in no family any more', count(*) FROM services_instrument i
JOIN services_family_member m ON m.subject_id = i.subject_id AND m.id = i.tie_id
WHERE i.controller_id = %(controller)s AND i.removed_at IS NULL AND m.ends IS NOT NULL AND NOT EXISTS (
  SELECT FROM services_block_order o
  WHERE o.subject_id = i.subject_id AND o.instrument_id = i.id AND o.settled_at IS NULL
) AND m.ends < %(now)s::timestamptz - interval '2 days'
UNION ALL
SELECT 'fault', 'ties whose consent does not stand', count(*) FROM services_family_member m
WHERE m.controller_id = %(controller)s AND m.ends IS NULL AND NOT EXISTS (
  SELECT FROM consent_choice c WHERE c.subject_id = m.subject_id AND c.controller_id = m.controller_id
    AND c.activity = 'family_services' AND c.channel = '' AND c.consented
)
UNION ALL
SELECT 'fault', 'children old enough to decide', count(*) FROM services_family_member m
JOIN parties_fact f ON f.subject_id = m.subject_id AND f.kind = 'birth_date' AND f.superseded_at IS NULL
WHERE m.controller_id = %(controller)s AND m.ends IS NULL AND m.consent_by = 'parent'
  AND f.value::date + interval '15 years' < %(on)s::date - 1
UNION ALL
SELECT '', 'family members', count(*) FROM services_family_member WHERE controller_id = %(controller)s AND ends IS NULL

-- name: usage_reports
-- A partner learns of use only while it has confirmed its own ground, and only of its own customers with free access
-- (D1): people who were reported to a partner without such a ground that day, people reported to a partner that never
-- paid for them, as far as their agreements are still held. Then who was reported.
WITH told AS (
  SELECT d.subject_id, d.party, (d.disclosed_at AT TIME ZONE 'Europe/Oslo')::date AS day FROM disclosure_disclosure d
  WHERE d.controller_id = %(controller)s AND d.activity = 'partner_usage_report'
)
SELECT 'fault', 'people reported to a partner that has confirmed no ground', count(*) FROM told t WHERE NOT EXISTS (
  SELECT FROM services_partner p JOIN services_partner_ground g ON g.partner_id = p.id
  WHERE p.controller_id = %(controller)s AND p.key = t.party AND g.starts <= t.day AND (g.ends IS NULL OR t.day < g.ends)
)
UNION ALL
SELECT 'fault', 'people reported to a partner that does not pay for them', count(*) FROM told t
WHERE EXISTS (SELECT FROM services_agreement a WHERE a.subject_id = t.subject_id AND a.controller_id = %(controller)s)
  AND NOT EXISTS (
    SELECT FROM services_agreement a JOIN services_partner p ON p.id = a.partner_id
    WHERE a.subject_id = t.subject_id AND a.controller_id = %(controller)s AND p.key = t.party AND a.starts <= t.day
  )
UNION ALL
SELECT '', 'reported', count(*) FROM told
