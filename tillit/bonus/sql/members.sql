-- name: expired
-- How many lots of a book have expired by a day and still hold something, and how much: what an expiry run will empty.
SELECT count(*), coalesce(sum(balance), 0)::bigint
FROM ledger_balance
WHERE book_id = %(book)s AND kind = %(lot)s AND expires_on <= %(on)s AND balance > 0

-- name: expiring
-- What will expire within (after, until], per person and first day on which it is gone: who is to be warned of what.
SELECT subject_id, expires_on, sum(balance)::bigint AS amount
FROM ledger_balance
WHERE book_id = %(book)s AND kind = %(lot)s AND expires_on > %(after)s AND expires_on <= %(until)s AND balance > 0
GROUP BY subject_id, expires_on
ORDER BY subject_id, expires_on
