-- name: reserve
-- Makes a voucher; what came of it is one of the words of `bonus_reserve`.
SELECT outcome, state, recorded_at, valid_until
FROM bonus_reserve(%(subject)s, %(id)s, %(nonce)s, %(amount)s, %(at)s, %(book)s, %(chain)s, %(controller)s, %(currency)s,
                   %(minutes)s, %(register)s, %(kind)s::smallint, %(lot)s::smallint, %(reserved)s::smallint,
                   %(debt)s::smallint, %(gathered)s)

-- name: redeem
-- Uses a voucher; the voucher as it stood, and whether it was used now.
SELECT * FROM bonus_redeem(%(register)s, %(kind)s::smallint, %(id)s, %(redeemed)s::smallint, %(chain)s, %(amount)s,
                           %(event)s, %(at)s, %(skew)s, %(store)s, %(client)s, %(reference)s)

-- name: find
-- The voucher whose code has the digest, as it stands; of a merged person, whichever subject's it is.
WITH holder AS MATERIALIZED (
  SELECT d.subject_id FROM directory_resolve(%(register)s, %(kind)s::smallint, ARRAY[%(id)s]::uuid[]) AS d
), one AS MATERIALIZED (
  SELECT h.subject_id FROM holder h
  UNION ALL SELECT s.id FROM holder h JOIN parties_subject s ON s.alias_of_id = h.subject_id
)
SELECT v.subject_id, v.id, v.chain_id, v.status, v.amount, v.used, v.currency, v.made_at, v.valid_until, v.used_at, v.ended_at,
       v.store_id, v.client_id, v.reference, false AS now_used
FROM one o JOIN bonus_voucher v ON v.subject_id = o.subject_id AND v.id = %(id)s

-- name: expired_of
-- How much of a person's lot has expired unused, what of it was undone since taken off.
SELECT coalesce(sum(CASE WHEN t.credit_kind = %(expired)s THEN t.amount ELSE -t.amount END), 0)::bigint
FROM ledger_transfer t
WHERE t.subject_id = %(subject)s AND t.book_id = %(book)s
  AND ((t.debit_kind, t.debit_expires, t.credit_kind) = (%(lot)s, %(expires)s, %(expired)s)
       OR (t.debit_kind, t.credit_kind, t.credit_expires) = (%(expired)s, %(lot)s, %(expires)s))

-- name: lapsed
-- Open vouchers of a chain (or, where a person is named, the person's) whose time has passed, in order of person.
SELECT v.subject_id, v.id FROM bonus_voucher v
WHERE v.status = 'open' AND v.valid_until <= %(at)s AND (%(subject)s::bigint IS NULL OR v.subject_id = %(subject)s)
  AND v.chain_id = %(chain)s
ORDER BY v.subject_id, v.id LIMIT %(most)s

-- name: release
-- Ends the open vouchers named, unused: their bonus goes back to the very lots it came from. Returns person and amount.
WITH due AS MATERIALIZED (
  SELECT v.subject_id, v.id, v.state
  FROM unnest(%(subjects)s::bigint[], %(ids)s::uuid[]) AS a(subject_id, id)
  JOIN bonus_voucher v ON v.subject_id = a.subject_id AND v.id = a.id
  WHERE v.status = 'open' ORDER BY v.subject_id, v.id FOR UPDATE OF v
), moved AS MATERIALIZED (
  SELECT d.subject_id, d.id, ledger_conclude(d.subject_id, d.id, NULL, %(at)s, d.state) AS amount FROM due d
)
UPDATE bonus_voucher v SET status = %(status)s, ended_at = %(at)s
FROM moved m WHERE v.subject_id = m.subject_id AND v.id = m.id
RETURNING v.subject_id, m.amount

-- name: faults
-- What is not as the ledger has it: a person whose open vouchers come to another amount than is set aside in the book, a
-- voucher that is open an hour after its time, and gift cards that hold more than they were sold for, or anything before
-- they are activated or after they were returned. A sentence each, with counts and no person's number.
SELECT 'bonus_voucher: ' || count(*) || ' people have set aside another amount than their open vouchers come to'
FROM (
  SELECT a.subject_id, a.book_id FROM (
    SELECT v.subject_id, p.book_id, v.amount FROM bonus_voucher v JOIN bonus_programme p ON p.chain_id = v.chain_id
    WHERE v.controller_id = %(controller)s AND v.status = 'open'
    UNION ALL
    SELECT b.subject_id, b.book_id, -b.balance FROM ledger_balance b
    WHERE b.controller_id = %(controller)s AND b.kind = %(reserved)s
  ) AS a GROUP BY a.subject_id, a.book_id HAVING sum(a.amount) <> 0
) AS wrong HAVING count(*) > 0
UNION ALL
SELECT 'bonus_voucher: ' || count(*) || ' vouchers were not given back an hour after their time' FROM bonus_voucher v
WHERE v.controller_id = %(controller)s AND v.status = 'open' AND v.valid_until < %(at)s - interval '1 hour'
HAVING count(*) > 0
UNION ALL
SELECT 'bonus_gift_card: ' || count(*) || ' cards hold what they may not' FROM bonus_gift_card g
JOIN ledger_balance b ON b.subject_id = g.subject_id AND b.book_id = g.book_id AND b.kind = %(card)s
WHERE g.controller_id = %(controller)s AND b.balance > CASE g.status WHEN 'active' THEN g.amount ELSE 0 END
HAVING count(*) > 0
