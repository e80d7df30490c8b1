-- name: membership_type
-- Whose membership is of this type now.
SELECT m.subject_id FROM membership_period m JOIN membership_type t ON t.id = m.type_id
WHERE m.controller_id = %(controller)s AND t.controller_id = %(controller)s AND t.key = %(value)s
  AND m.starts <= %(today)s AND (m.ends IS NULL OR m.ends > %(today)s)

-- name: covered_by
-- Whom this collective insurance agreement covers now.
SELECT c.subject_id FROM membership_cover c JOIN membership_agreement a ON a.id = c.agreement_id
WHERE c.controller_id = %(controller)s AND a.controller_id = %(controller)s AND a.key = %(value)s
  AND c.starts <= %(today)s AND (c.ends IS NULL OR c.ends > %(today)s)
