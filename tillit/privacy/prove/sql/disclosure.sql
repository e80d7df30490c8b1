-- What the checks of disclosures and messages read, each for one controller. Counts and codes, no person.

-- name: log
-- What left, as logged: to whom, for what, on which grounds, which fields, under which version, how often, last when.
SELECT recipient, recipient_kind, activity, ground, country, transfer_ground, fields::text, declaration_version, asked_at IS NOT NULL,
       count(*), max(disclosed_at)
FROM disclosure_disclosure WHERE controller_id = %(controller)s
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9

-- name: unlogged
-- How many people the trail says something of was disclosed about, more often than the log does. Sets are one event.
SELECT count(*) FROM (
  SELECT e.subject_id, count(*) AS told,
    (SELECT count(*) FROM disclosure_disclosure d
     WHERE d.subject_id = e.subject_id AND d.controller_id = e.controller_id AND d.batch IS NULL) AS logged
  FROM audit_event e
  WHERE e.controller_id = %(controller)s AND e.type = 'disclosure.made' AND e.subject_id > 0
  GROUP BY e.subject_id, e.controller_id
) x WHERE told > logged

-- name: notices
-- Notices owed to recipients: how many wait, and how many for longer than allowed.
SELECT count(*), count(*) FILTER (WHERE owed_at < %(latest)s)
FROM disclosure_notice WHERE controller_id = %(controller)s AND told_at IS NULL

-- name: carried
-- Messages by the processor that carried them ('' is a server of our own).
SELECT carrier, count(*) FROM messages_message
WHERE controller_id = %(controller)s AND direction = 'out' AND message_state = 'sent' GROUP BY 1

-- name: waiting
-- Messages of an activity: sent, waiting, waiting for longer than allowed, failed for good, and marketing that went out
-- to somebody who had said no before it did.
SELECT count(*) FILTER (WHERE message_state = 'sent'), count(*) FILTER (WHERE message_state IN ('queued', 'sending')),
  count(*) FILTER (WHERE message_state IN ('queued', 'sending') AND due_at < %(latest)s AND state IN (0, 2)),
  count(*) FILTER (WHERE message_state = 'failed')
FROM messages_message WHERE controller_id = %(controller)s AND activity = %(activity)s AND direction = 'out'

-- name: too_often
-- People who got two messages of an activity closer to each other than the declared time.
SELECT count(DISTINCT subject_id) FROM (
  SELECT subject_id, settled_at, lag(settled_at) OVER (PARTITION BY subject_id ORDER BY settled_at) AS before
  FROM messages_message
  WHERE controller_id = %(controller)s AND activity = %(activity)s AND direction = 'out' AND message_state = 'sent'
) x WHERE before + %(period)s::interval > settled_at
