-- name: market_hub
-- Requests that left without a record of what left (looked at for a month); switches carried out that the hub rejected;
-- switches that wait though the hub carried them out; what has been left lying; and how much there is.
SELECT 'fault', 'requests have left that no disclosure is on record for', count(*) FROM power_hub_process p
WHERE p.controller_id = %(controller)s AND p.sent_at > %(now)s::timestamptz - interval '31 days' AND NOT EXISTS (
  SELECT FROM disclosure_disclosure d
  WHERE d.subject_id = p.subject_id AND d.controller_id = p.controller_id AND d.recipient = 'market_hub'
    AND d.disclosed_at = p.sent_at
)
UNION ALL
SELECT 'fault', 'switches are carried out that the hub rejected', count(*) FROM power_hub_process p
JOIN power_switch s ON s.subject_id = p.subject_id AND s.id = p.switch_id
WHERE p.controller_id = %(controller)s AND p.status = 'rejected' AND s.status = 'confirmed'
  AND p.process NOT IN ('BRS-NO-111', 'BRS-NO-221')
UNION ALL
SELECT 'fault', 'switches wait that the hub has carried out', count(*) FROM power_hub_process p
JOIN power_switch s ON s.subject_id = p.subject_id AND s.id = p.switch_id
WHERE p.controller_id = %(controller)s AND p.status = 'done' AND s.status = 'requested'
UNION ALL
SELECT 'fault', 'requests to the hub have waited to leave for more than three days', count(*) FROM power_hub_process p
WHERE p.controller_id = %(controller)s AND p.state = 0 AND p.status IN ('queued', 'sent')
  AND p.queued_at < %(now)s::timestamptz - interval '3 days'
UNION ALL
SELECT '', 'requests to the hub', count(*) FROM power_hub_process p WHERE p.controller_id = %(controller)s
