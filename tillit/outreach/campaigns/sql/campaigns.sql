-- name: standing
-- How a campaign stands now.
SELECT status FROM campaigns_campaign WHERE id = %(campaign)s

-- name: wide
-- Sets of everybody are hashed, by all processors: for the rest of the transaction the planner neither thinks that handing
-- rows over is dear nor reads tables in the order of an index to merge them with the few people who are merged.
SET LOCAL parallel_setup_cost = 100; SET LOCAL parallel_tuple_cost = 0.001; SET LOCAL enable_mergejoin = off

-- name: counted
-- How many are in the set and may be written to, and how many are not, by reason.
SELECT reason, count(*) FROM (/*audience*/) a GROUP BY reason

-- name: take
-- The recipients of a campaign, in random order, and how many are left out by reason: the set as it is now.
WITH audience AS MATERIALIZED (/*audience*/), taken AS (
  INSERT INTO campaigns_recipient (subject_id, controller_id, state, campaign_id, place)
  SELECT a.subject_id, %(controller)s, 0, %(campaign)s, row_number() OVER (ORDER BY random())
  FROM audience a WHERE a.reason = ''
  ON CONFLICT DO NOTHING RETURNING 1
)
SELECT reason, count(*) FROM audience WHERE reason <> '' GROUP BY reason
UNION ALL SELECT '', count(*) FROM taken

-- name: next
-- The next recipients of a campaign, for us alone: why they are left out, when they were washed, and by which address.
-- Where they must be washed, those who were since `fresh`, and whom the register cannot be asked about.
SELECT subject_id, CASE WHEN reserved THEN 'reserved' ELSE left_out END, washed_at, washed_as FROM campaigns_recipient
WHERE campaign_id = %(campaign)s AND put_at IS NULL
  AND (%(fresh)s::timestamptz IS NULL OR washed_at > %(fresh)s OR left_out <> '')
ORDER BY place LIMIT %(limit)s FOR UPDATE SKIP LOCKED

-- name: put
-- These recipients have become messages.
UPDATE campaigns_recipient SET put_at = %(now)s WHERE subject_id = ANY (%(subjects)s) AND campaign_id = %(campaign)s

-- name: stop
-- What of a cancelled campaign waits in the outbox, or was taken and not handed over, is not sent. What a call centre may
-- have in a file may have been called.
UPDATE messages_message SET message_state = CASE carrier WHEN '' THEN 'withheld' ELSE 'unknown' END, reason = 'cancelled', settled_at = %(now)s, sealed_address = NULL,
  claimed_at = NULL, claimed_by = NULL
WHERE campaign_id = %(campaign)s AND controller_id = %(controller)s
  AND (message_state = 'queued' OR (message_state = 'sending' AND handed_at IS NULL))

-- name: leave_waiting
-- Recipients of a cancelled campaign who were not reached: nothing waits for them any more.
UPDATE campaigns_recipient SET put_at = %(now)s WHERE campaign_id = %(campaign)s AND put_at IS NULL

-- name: not_again
-- Campaigns that were under way when a dump was made were sent long ago, or are begun anew by somebody.
UPDATE campaigns_campaign SET status = 'cancelled', ended_at = %(now)s WHERE status IN ('approved', 'sending', 'paused')

-- name: somebody
-- One of the people who would get it.
SELECT subject_id FROM (/*audience*/) a WHERE reason = '' ORDER BY random() LIMIT 1
