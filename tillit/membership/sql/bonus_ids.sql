-- name: without
-- Members of a register's programme, each as the subject they are known by, who have no BonusID under any of their
-- subjects; people whose processing is restricted wait.
SELECT DISTINCT p.id
FROM parties_relationship r
JOIN parties_subject s ON s.id = r.subject_id
JOIN parties_subject p ON p.id = coalesce(s.alias_of_id, s.id)
WHERE r.kind = 'member' AND r.ended IS NULL AND p.register_id = %(register)s AND p.state = 0
  AND NOT EXISTS (
    SELECT FROM parties_fact f JOIN parties_subject o ON o.id = f.subject_id
    WHERE f.kind = 'bonus_id' AND f.superseded_at IS NULL AND (o.id = p.id OR o.alias_of_id = p.id))
ORDER BY 1 LIMIT %(most)s
