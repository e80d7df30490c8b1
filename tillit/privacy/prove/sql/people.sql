-- What the checks of ages and of staff read.

-- name: ages
-- How many joiners have a known birth date, and how many of them joined before the age.
SELECT count(*), count(*) FILTER (WHERE r.started < (f.value::date + %(age)s::interval))
FROM parties_relationship r
JOIN parties_fact f ON f.subject_id = r.subject_id AND f.controller_id = ANY (%(holders)s) AND f.kind = 'birth_date'
  AND f.superseded_at IS NULL AND pg_input_is_valid(f.value, 'date')
WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(kinds)s)

-- name: unassigned
-- Five people of the controller without a standing assignment to the member of staff.
SELECT DISTINCT r.subject_id FROM parties_relationship r
WHERE r.controller_id = %(controller)s AND NOT EXISTS (
  SELECT FROM parties_assignment a
  WHERE a.subject_id = r.subject_id AND a.controller_id = r.controller_id AND a.staff_id = %(staff)s AND a.until IS NULL)
LIMIT 5

-- name: merges
-- Merged subjects: how many, and those that point across registers or at one that is merged itself (a chain or cycle).
SELECT count(*), count(*) FILTER (WHERE o.register_id <> s.register_id), count(*) FILTER (WHERE o.alias_of_id IS NOT NULL)
FROM parties_subject s JOIN parties_subject o ON o.id = s.alias_of_id
WHERE s.register_id = %(register)s OR o.register_id = %(register)s

-- name: merges_unexplained
-- Merged subjects of a register that no event of the audit trail tells of.
SELECT count(*) FROM parties_subject s
WHERE s.alias_of_id IS NOT NULL AND s.register_id = %(register)s
  AND NOT EXISTS (SELECT FROM audit_event e WHERE e.subject_id = s.id AND e.type = 'person.merged')
