-- name: rows
-- The subjects of merged people of which rows of `intake_row` or `refund_row` earned or took back.
SELECT a.subject_id
FROM (SELECT i.subject_id FROM intake_row i UNION SELECT r.subject_id FROM refund_row r) AS a
WHERE EXISTS (SELECT FROM parties_subject s WHERE s.id = a.subject_id AND s.alias_of_id IS NOT NULL)
   OR EXISTS (SELECT FROM parties_subject s WHERE s.alias_of_id = a.subject_id)

-- name: owing
-- The subjects of merged people that owe in the book.
SELECT b.subject_id
FROM ledger_balance b
WHERE b.book_id = %(book)s AND b.kind >= 200 AND b.kind = %(debt)s AND b.balance < 0
  AND (EXISTS (SELECT FROM parties_subject s WHERE s.id = b.subject_id AND s.alias_of_id IS NOT NULL)
       OR EXISTS (SELECT FROM parties_subject s WHERE s.alias_of_id = b.subject_id))
