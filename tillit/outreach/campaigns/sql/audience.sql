-- name: audience
-- Everybody the activity applies to, with the reason they are not written to: '' who is picked, may be written to, has an
-- address and had no message of the activity too recently. The parts between marks are other named statements. Who is not
-- picked is left out first, so that nothing else is asked about them.
WITH applies AS MATERIALIZED (
/*applies*/
), picked AS MATERIALIZED (
  SELECT l.subject_id, l.died FROM applies l
/*joins*/
  WHERE /*picked*/
), lawful AS MATERIALIZED (
/*lawful*/
), profiled AS (
/*profiled*/
), reachable AS (
  SELECT DISTINCT a.subject_id FROM (
/*reachable*/
  ) a WHERE a.subject_id IN (SELECT subject_id FROM lawful WHERE reason = '')
), recent AS (
  SELECT DISTINCT coalesce(s.alias_of_id, s.id) AS subject_id
  FROM messages_message m JOIN parties_subject s ON s.id = m.subject_id
  WHERE controller_id = %(controller)s AND activity = %(activity)s AND direction = 'out'
    AND message_state IN ('queued', 'sending', 'sent', 'unknown')
    AND coalesce(settled_at, due_at) + %(often)s::interval > %(now)s
    AND campaign_id IS DISTINCT FROM %(except_for)s
)
SELECT l.subject_id, 'not-picked' AS reason FROM applies l
WHERE NOT EXISTS (SELECT FROM picked p WHERE p.subject_id = l.subject_id)
UNION ALL
SELECT l.subject_id,
  CASE
    WHEN l.reason <> '' THEN l.reason
    WHEN /*profiling*/ AND p.reason IS DISTINCT FROM '' THEN 'profiling-' || coalesce(p.reason, 'not-applicable')
    WHEN a.subject_id IS NULL THEN 'no-address'
    WHEN r.subject_id IS NOT NULL THEN 'too-soon'
    ELSE ''
  END AS reason
FROM lawful l
LEFT JOIN profiled p ON p.subject_id = l.subject_id
LEFT JOIN reachable a ON a.subject_id = l.subject_id
LEFT JOIN recent r ON r.subject_id = l.subject_id

-- name: profiled
-- Of those whom the conditions pick, the people another activity applies to.
SELECT * FROM (
/*applies*/
) everybody WHERE subject_id IN (SELECT subject_id FROM picked)

-- name: of_people
-- Those of some people whom the conditions hold for.
SELECT l.subject_id FROM unnest(%(people)s::bigint[]) AS l (subject_id)
/*joins*/
WHERE /*picked*/

-- name: fact
-- The people a fact holds for, as the subject they are known by.
SELECT coalesce(alias.alias_of_id, held.subject_id) AS subject_id
FROM (/*fact*/) held
LEFT JOIN parties_subject alias ON alias.id = held.subject_id AND alias.alias_of_id IS NOT NULL

-- name: holds
-- Whom a fact holds for.
EXISTS (SELECT FROM (/*held*/) held WHERE held.subject_id = l.subject_id)

-- name: set
-- The people a fact holds for, each once, beside whoever it does not hold for.
LEFT JOIN (SELECT DISTINCT subject_id FROM (/*held*/) held) /*name*/ ON /*name*/.subject_id = l.subject_id

-- name: addressed
-- Who has an address for the channel that is not known to be dead, on any of their subjects.
SELECT coalesce(a.alias_of_id, f.subject_id) AS subject_id FROM parties_fact f
LEFT JOIN parties_subject a ON a.id = f.subject_id AND a.alias_of_id IS NOT NULL
WHERE f.kind = ANY (%(kinds)s) AND f.superseded_at IS NULL AND f.failed_at IS NULL

-- name: housed
-- Who has all parts of an address for post, on one of their subjects (`messages.addresses.known`).
SELECT coalesce(a.alias_of_id, f.subject_id) AS subject_id FROM (
  SELECT subject_id FROM parties_fact
  WHERE kind = ANY (%(kinds)s) AND superseded_at IS NULL AND failed_at IS NULL
  GROUP BY subject_id HAVING count(DISTINCT kind) >= %(enough)s
) f LEFT JOIN parties_subject a ON a.id = f.subject_id AND a.alias_of_id IS NOT NULL

-- name: pushed
-- Who has switched notices on in a browser.
SELECT coalesce(a.alias_of_id, p.subject_id) AS subject_id FROM messages_push_subscription p
LEFT JOIN parties_subject a ON a.id = p.subject_id AND a.alias_of_id IS NOT NULL
WHERE p.removed_at IS NULL AND p.gone_at IS NULL
