-- name: employment
-- Of the controller's employees: records of an employment that is over whose period does not run, or runs from another
-- day; records of people who were never employed (H16).
SELECT 'fault', 'records of employments that are over do not run out', count(*) FROM employees_record e
WHERE e.controller_id = %(controller)s AND e.employment_ended IS NULL
  AND EXISTS (SELECT FROM parties_relationship r
    WHERE r.subject_id = e.subject_id AND r.controller_id = e.controller_id AND r.kind = 'employee')
  AND NOT EXISTS (SELECT FROM parties_relationship r
    WHERE r.subject_id = e.subject_id AND r.controller_id = e.controller_id AND r.kind = 'employee' AND r.ended IS NULL)
UNION ALL
SELECT 'fault', 'records run out while the employment goes on', count(*) FROM employees_record e
JOIN parties_relationship r ON r.subject_id = e.subject_id AND r.controller_id = e.controller_id
  AND r.kind = 'employee' AND r.ended IS NULL
WHERE e.controller_id = %(controller)s AND e.employment_ended IS NOT NULL AND e.recorded_at >= r.recorded_at
UNION ALL
SELECT 'fault', 'payroll data is kept of people who were never employed', count(*) FROM employees_record e
WHERE e.controller_id = %(controller)s AND NOT EXISTS (SELECT FROM parties_relationship r
  WHERE r.subject_id = e.subject_id AND r.controller_id = e.controller_id AND r.kind = 'employee')
UNION ALL SELECT '', 'records', count(*) FROM employees_record WHERE controller_id = %(controller)s
