-- name: lawful
-- Every person the activity applies to (or the subjects asked about), with the reason it may not process them, '' if it may.
-- The order of the reasons is the order of the law: restriction, objection, then the missing ground.
SELECT p.subject_id,
  CASE
    WHEN s.state IN (1, 3) AND NOT %(sees_restricted)s THEN 'restricted'
    WHEN %(objectable)s AND coalesce(c.objected, false) THEN 'objected'
    WHEN %(needs_consent)s AND NOT coalesce(c.consented, false) THEN 'no-consent'
    WHEN %(needs_account)s AND NOT EXISTS (SELECT FROM parties_login l WHERE l.subject_id = p.subject_id AND l.is_active)
      THEN 'no-account'
    ELSE ''
  END AS reason
FROM (
  SELECT DISTINCT r.subject_id FROM parties_relationship r
  WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(applies_to)s)
    AND r.started <= %(today)s AND (r.ended IS NULL OR r.ended > %(today)s)
    AND (%(subjects)s::bigint[] IS NULL OR r.subject_id = ANY (%(subjects)s))
) p
JOIN parties_subject s ON s.id = p.subject_id AND s.alias_of_id IS NULL
LEFT JOIN LATERAL (
  SELECT bool_or(x.consented) FILTER (WHERE x.channel IN ('', %(channel)s)) AS consented,
         bool_or(x.objected) FILTER (WHERE x.channel IN ('', %(channel)s)) AS objected
  FROM consent_choice x
  WHERE x.subject_id = p.subject_id AND x.controller_id = ANY (%(holders)s) AND x.activity = %(activity)s
) c ON true
