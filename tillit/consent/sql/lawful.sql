-- name: applies
-- Everybody the activity applies to (or of the subjects asked about). A merged person counts once, as the subject they are
-- known by, whose choices are those of all (`merging`).
SELECT coalesce(a.alias_of_id, r.subject_id) AS subject_id, bool_or(r.end_reason = 'deceased') AS died
FROM parties_relationship r
LEFT JOIN parties_subject a ON a.id = r.subject_id AND a.alias_of_id IS NOT NULL
WHERE r.controller_id = %(controller)s AND r.kind = ANY (%(applies_to)s)
  AND r.started <= %(today)s AND (%(former)s OR r.ended IS NULL OR r.ended > %(today)s)
  AND (%(subjects)s::bigint[] IS NULL OR r.subject_id = ANY (%(subjects)s))
GROUP BY 1

-- name: lawful
-- Of `people`, each with the reason the activity may not process them, '' if it may.
-- Nobody writes to the dead, whatever else holds; whoever answers for the estate is not asked about here.
-- The order of the reasons is the order of the law: restriction, objection, then the missing ground.
WITH p AS (
/*people*/
), c AS (
  -- Of one controller's choices the channel's own goes before the general one; of two controllers' the asking one's before
  -- the holder's. An objection to either controller stands.
  SELECT x.subject_id,
         coalesce(bool_and(x.consented) FILTER (WHERE x.controller_id = %(controller)s AND x.channel <> ''),
                  bool_and(x.consented) FILTER (WHERE x.controller_id = %(controller)s),
                  bool_and(x.consented) FILTER (WHERE x.channel <> ''), bool_and(x.consented)) AS consented,
         coalesce(bool_or(x.objected) FILTER (WHERE x.controller_id = %(controller)s AND x.channel <> ''),
                  bool_or(x.objected) FILTER (WHERE x.controller_id = %(controller)s), false)
         OR coalesce(bool_or(x.objected) FILTER (WHERE x.controller_id <> %(controller)s AND x.channel <> ''),
                     bool_or(x.objected) FILTER (WHERE x.controller_id <> %(controller)s), false) AS objected
  FROM consent_choice x
  WHERE x.controller_id = ANY (%(holders)s) AND x.activity = %(activity)s AND x.channel IN ('', %(channel)s)
    AND (%(subjects)s::bigint[] IS NULL OR x.subject_id = ANY (%(subjects)s)) /*among*/
  GROUP BY x.subject_id
), d AS (
  SELECT DISTINCT coalesce(a.alias_of_id, f.subject_id) AS subject_id
  FROM parties_fact f
  LEFT JOIN parties_subject a ON a.id = f.subject_id AND a.alias_of_id IS NOT NULL
  WHERE f.kind = 'deceased' AND f.superseded_at IS NULL
    AND (%(subjects)s::bigint[] IS NULL OR f.subject_id = ANY (%(subjects)s))
)
SELECT p.subject_id,
  CASE
    WHEN %(channel)s <> '' AND (p.died OR d.subject_id IS NOT NULL) THEN 'deceased'
    WHEN s.state IN (1, 3) AND NOT %(sees_restricted)s THEN 'restricted'
    WHEN %(objectable)s AND coalesce(c.objected, false) THEN 'objected'
    WHEN %(needs_consent)s AND NOT coalesce(c.consented, false) THEN 'no-consent'
    WHEN %(needs_account)s AND NOT EXISTS (
      SELECT FROM parties_login l WHERE l.is_active AND (l.subject_id = p.subject_id
        OR l.subject_id IN (SELECT m.id FROM parties_subject m WHERE m.alias_of_id = p.subject_id)))
      THEN 'no-account'
    ELSE ''
  END AS reason
FROM p
LEFT JOIN parties_subject s ON s.id = p.subject_id AND NOT (s.state = 0)
LEFT JOIN c ON c.subject_id = p.subject_id
LEFT JOIN d ON d.subject_id = p.subject_id
