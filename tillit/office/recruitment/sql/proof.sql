-- name: recruitment
-- Of the controller's applications: not decided within a year (their period would never run); files whose period runs from
-- another moment than their application's; applicants without any application left for more than two days (H16).
SELECT 'fault', 'applications have waited for a decision for more than a year', count(*) FROM recruitment_application
WHERE controller_id = %(controller)s AND decided_at IS NULL AND received_at < %(now)s::timestamptz - interval '1 year'
UNION ALL
SELECT 'fault', 'files are kept by another clock than their application', count(*)
FROM recruitment_file f JOIN recruitment_application a ON a.subject_id = f.subject_id AND a.id = f.application_id
WHERE f.controller_id = %(controller)s AND f.decided_at IS DISTINCT FROM a.decided_at
UNION ALL
SELECT 'fault', 'applicants are kept without any application', count(*) FROM parties_relationship r
WHERE r.controller_id = %(controller)s AND r.kind = 'applicant' AND r.ended IS NULL
  AND r.recorded_at < %(now)s::timestamptz - interval '2 days'
  AND NOT EXISTS (SELECT FROM recruitment_application a
    WHERE a.subject_id = r.subject_id AND a.controller_id = r.controller_id)
UNION ALL SELECT '', 'applications', count(*) FROM recruitment_application WHERE controller_id = %(controller)s
