-- What the replay of consents reads.

-- name: events
-- The acts on one activity as they were noted: person, controller, channel, kind, when, and whether route, wording and
-- version are on record.
SELECT e.subject_id, e.controller_id, e.channel, e.kind, e.at, e.route <> '' AND e.wording <> '' AND EXISTS (
    SELECT FROM declaration_version v WHERE v.controller_id = e.controller_id AND v.number = e.declaration_version)
FROM consent_event e WHERE e.controller_id = ANY (%(controllers)s) AND e.activity = %(activity)s
ORDER BY e.subject_id, e.recorded_at, e.at, e.id

-- name: choices
-- The controller's current choices on one activity.
SELECT subject_id, channel, consented, objected FROM consent_choice
WHERE controller_id = %(controller)s AND activity = %(activity)s

-- name: people
-- Everyone related in one of the kinds on a day, with the person's state and whether there is an account.
SELECT s.id, s.state, EXISTS (
  SELECT FROM parties_login l JOIN parties_subject m ON m.id = l.subject_id
  WHERE s.id IN (m.id, m.alias_of_id) AND l.is_active)
FROM parties_subject s
WHERE s.alias_of_id IS NULL AND s.id IN (
  SELECT coalesce(a.alias_of_id, r.subject_id) FROM parties_relationship r JOIN parties_subject a ON a.id = r.subject_id
  WHERE controller_id = %(controller)s AND kind = ANY (%(kinds)s)
    AND started <= %(on)s AND coalesce(ended > %(on)s, true))

-- name: restrictions
-- In a register: people with an open restriction, those of them whose state does not show it, and people with that state
-- but no restriction. In a scope for every controller of the register.
WITH open AS (SELECT DISTINCT subject_id FROM consent_restriction WHERE lifted IS NULL)
SELECT (SELECT count(*) FROM open),
  (SELECT count(*) FROM open JOIN parties_subject s ON s.id = open.subject_id WHERE s.state NOT IN (1, 3)),
  (SELECT count(*) FROM parties_subject s WHERE s.register_id = %(register)s AND s.state IN (1, 3)
     AND NOT EXISTS (SELECT FROM open WHERE open.subject_id = s.id))
