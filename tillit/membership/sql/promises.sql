-- name: register_import
-- The register is in order (B1): memberships and covers that go on for people who are members no more, people whose
-- memberships have all ended and who are members still, rows that name what the union does not have, and the union's
-- latest file where it waits for approval for more than a week. Then what there is of each. A report of death can be
-- undone: what the dead were members of stays as it was, until the union's file says otherwise.
WITH period AS (
  SELECT subject_id, type_id, starts, ends FROM membership_period WHERE controller_id = %(controller)s AND state < 2
), open AS (
  SELECT subject_id FROM period WHERE ends IS NULL
), member AS (
  SELECT subject_id, ended FROM parties_relationship
  WHERE controller_id = %(controller)s AND kind = 'member' AND (ended IS NULL OR ended > %(on)s OR end_reason = 'died')
)
SELECT 'fault', 'memberships of people who are no members', count(*) FROM open
WHERE subject_id NOT IN (SELECT subject_id FROM member)
UNION ALL
SELECT 'fault', 'members whose memberships have ended', count(*) FROM member
WHERE ended IS NULL AND subject_id IN (SELECT subject_id FROM period GROUP BY subject_id HAVING bool_and(ends < %(on)s) AND count(ends) = count(*))
UNION ALL
SELECT 'fault', 'agreements that cover people without a membership', count(*) FROM membership_cover c
WHERE controller_id = %(controller)s AND state < 2 AND ends IS NULL
  AND subject_id NOT IN (SELECT subject_id FROM period WHERE ends IS NULL OR ends > %(on)s)
UNION ALL
SELECT 'fault', 'memberships of a type that the union does not have', count(*) FROM period
WHERE type_id NOT IN (SELECT id FROM membership_type WHERE controller_id = %(controller)s)
UNION ALL
SELECT 'fault', 'files that wait for approval for more than a week', count(*) FROM (
  SELECT state, received_at FROM membership_file WHERE controller_id = %(controller)s ORDER BY id DESC LIMIT 1) latest
WHERE state = 'waiting' AND received_at < %(now)s::timestamptz - interval '7 days'
UNION ALL
SELECT '', 'memberships', count(*) FROM open
UNION ALL
SELECT '', 'files', count(*) FROM membership_file WHERE controller_id = %(controller)s
