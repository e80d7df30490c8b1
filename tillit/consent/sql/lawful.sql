-- name: lawful
-- A merged person counts once, as the subject they are known by, whose choices are those of all (`merging`).
-- Every person the activity applies to (or the subjects asked about), with the reason it may not process them, '' if it may.
-- Nobody writes to the dead, whatever else holds; whoever answers for the estate is not asked about here.
-- The order of the reasons is the order of the law: restriction, objection, then the missing ground.
SELECT p.subject_id,
  CASE
    WHEN %(channel)s <> '' AND (p.died OR p.subject_id IN (
      SELECT f.subject_id FROM parties_fact f WHERE f.kind = 'deceased' AND f.superseded_at IS NULL))
      THEN 'deceased'
    WHEN s.state IN (1, 3) AND NOT %(sees_restricted)s THEN 'restricted'
    WHEN %(objectable)s AND coalesce(c.objected, false) THEN 'objected'
    WHEN %(needs_consent)s AND NOT coalesce(c.consented, false) THEN 'no-consent'
    WHEN %(needs_account)s AND NOT EXISTS (
      SELECT FROM parties_login l WHERE l.is_active AND (l.subject_id = p.subject_id
        OR l.subject_id IN (SELECT m.id FROM parties_subject m WHERE m.alias_of_id = p.subject_id)))
      THEN 'no-account'
    ELSE ''
  END AS reason
FROM (
  SELECT coalesce(a.alias_of_id, r.subject_id) AS subject_id, bool_or(r.end_reason = 'deceased') AS died
  FROM parties_relationship r
  LEFT JOIN parties_subject a ON a.id = r.subject_id AND a.alias_of_id IS NOT NULL
  WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(applies_to)s)
    AND r.started <= %(today)s AND (%(former)s OR r.ended IS NULL OR r.ended > %(today)s)
    AND (%(subjects)s::bigint[] IS NULL OR r.subject_id = ANY (%(subjects)s))
  GROUP BY 1
) p
JOIN parties_subject s ON s.id = p.subject_id
-- Of one controller's choices the channel's own goes before the general one; of two controllers' the asking one's before
-- the holder's. An objection to either controller stands.
LEFT JOIN LATERAL (
  SELECT (array_agg(x.consented ORDER BY x.controller_id = %(controller)s DESC))[1] AS consented,
         bool_or(x.objected) AS objected
  FROM (
    SELECT DISTINCT ON (controller_id) controller_id, consented, objected FROM consent_choice
    WHERE subject_id = p.subject_id AND controller_id = ANY (%(holders)s) AND activity = %(activity)s
      AND channel IN ('', %(channel)s)
    ORDER BY controller_id, channel DESC
  ) x
) c ON true
