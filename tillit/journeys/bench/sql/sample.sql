-- name: sample
-- Some purchases that were posted: member, chain and bonus in minor units.
SELECT t.subject_id, t.book_id, t.amount
FROM ledger_transfer t JOIN purchases_purchase p ON p.subject_id = t.subject_id AND p.id = t.id
ORDER BY t.id LIMIT %(count)s
