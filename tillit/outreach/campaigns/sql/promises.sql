-- name: campaigns
-- Campaigns that went to somebody they should not: a message twice, without its recipient, after a no, of a campaign that
-- nobody approved or that stands still; who is held on legitimate interest alone and was approached; what is measured
-- without a yes.
WITH mine AS (
  SELECT m.*, c.status, c.approved_digest, c.ended_at, coalesce(s.alias_of_id, s.id) AS person
  FROM messages_message m JOIN campaigns_campaign c ON c.id = m.campaign_id JOIN parties_subject s ON s.id = m.subject_id
  WHERE m.controller_id = %(controller)s
), noes AS (
  SELECT coalesce(s.alias_of_id, s.id) AS person, e.activity, e.channel, e.at FROM consent_event e
  JOIN parties_subject s ON s.id = e.subject_id
  WHERE e.controller_id = %(controller)s AND e.kind IN ('withdrawn', 'objected')
)
SELECT 'fault', 'people got the same campaign twice', count(*) FROM (
  SELECT FROM mine WHERE message_state = 'sent' GROUP BY person, campaign_id HAVING count(*) > 1) twice
UNION ALL
SELECT 'fault', 'messages of campaigns went to people who were not in the set', count(*) FROM mine m
WHERE NOT EXISTS (SELECT FROM campaigns_recipient r WHERE r.subject_id = m.subject_id AND r.campaign_id = m.campaign_id)
UNION ALL
SELECT 'fault', 'messages of campaigns were sent after a no', count(*) FROM mine m
WHERE m.message_state = 'sent' AND EXISTS (
  SELECT FROM noes n WHERE n.person = m.person AND n.activity = m.activity AND n.channel IN ('', m.channel)
    AND n.at < m.handed_at - interval '5 seconds'
    AND NOT EXISTS (SELECT FROM consent_event y WHERE y.subject_id = m.subject_id AND y.activity = m.activity
      AND y.kind IN ('given', 'objection_lifted') AND y.at > n.at AND y.at <= m.settled_at))
UNION ALL
SELECT 'fault', 'messages of campaigns were sent that nobody had approved', count(*) FROM mine
WHERE message_state = 'sent' AND approved_digest = ''
UNION ALL
SELECT 'fault', 'messages of cancelled campaigns were sent later', count(*) FROM mine
WHERE message_state = 'sent' AND status = 'cancelled' AND handed_at > ended_at + interval '1 minute'
UNION ALL
SELECT 'fault', 'recipients of campaigns that are over still wait', count(*) FROM campaigns_recipient r
JOIN campaigns_campaign c ON c.id = r.campaign_id
WHERE r.controller_id = %(controller)s AND r.put_at IS NULL AND c.status IN ('sent', 'cancelled')
UNION ALL
SELECT 'fault', 'messages were measured without a yes to just that', count(*) FROM messages_use u
WHERE u.controller_id = %(controller)s AND NOT EXISTS (
  SELECT FROM consent_event e JOIN parties_subject s ON s.id = e.subject_id
  JOIN parties_subject o ON coalesce(o.alias_of_id, o.id) = coalesce(s.alias_of_id, s.id)
  WHERE o.id = u.subject_id AND e.activity = 'message_measurement' AND e.kind = 'given' AND e.at <= u.at)
UNION ALL SELECT '', 'sent', count(*) FROM mine WHERE message_state = 'sent'
UNION ALL SELECT '', 'not_known', count(*) FROM mine WHERE message_state = 'unknown'
UNION ALL SELECT '', 'campaigns', count(*) FROM campaigns_campaign WHERE controller_id = %(controller)s
