-- name: held
-- Whether a claim, a dispute or an order holds the person's records of the category (D11).
SELECT EXISTS (SELECT FROM privacy_hold h
  JOIN parties_subject s ON s.id = h.subject_id JOIN parties_subject o ON coalesce(o.alias_of_id, o.id) = coalesce(s.alias_of_id, s.id)
  WHERE o.id = %(subject)s AND h.controller_id = %(controller)s AND h.released IS NULL
    AND (h.categories = '{}' OR %(category)s = ANY (h.categories)))

-- name: fresh
-- What another removal of the transaction named is forgotten.
DROP TABLE IF EXISTS privacy_due

-- name: due
-- The record that is removed, as the journal asks for it.
CREATE TEMP TABLE privacy_due ON COMMIT DROP AS
SELECT subject_id, id FROM employees_record WHERE subject_id = %(subject)s AND id = %(id)s
