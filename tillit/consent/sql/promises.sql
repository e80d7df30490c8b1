-- name: permissions
-- Permissions that partners submitted (F1): those that nothing shows, neither where the proof is filed (five letters
-- and digits, by which it is found) nor the proof itself, and those whose words are not kept. Then how many there are.
WITH acts AS (
  SELECT * FROM consent_event WHERE controller_id = %(controller)s AND route = 'partner' AND kind = 'given'
)
SELECT 'fault', 'permissions without what shows them', count(*) FROM acts a
WHERE length(regexp_replace(substring(a.evidence FROM ': (.*)$'), '[^[:alnum:]]', '', 'g')) >= 5 IS NOT TRUE
  AND NOT EXISTS (SELECT FROM consent_proof_file f WHERE f.subject_id = a.subject_id AND f.event_id = a.id)
UNION ALL
SELECT 'fault', 'permissions without their words', count(*) FROM acts a
WHERE NOT EXISTS (SELECT FROM consent_wording w WHERE w.digest = a.wording)
UNION ALL
SELECT '', 'permissions', count(*) FROM acts
