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
