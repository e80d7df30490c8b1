-- name: acting
-- Nothing without a mandate (D3, D4): letters and disclosures that no mandate in force at their moment stands behind,
-- letters that were posted when none was, or when the parent's consent that it rests on had ended, letters that are not
-- in the person's log, what staff reach of ID cases under any activity but that of ID agents, and
-- counterparts that nobody followed up for a week. Then what there is.
WITH mandates AS (SELECT * FROM acting_mandate WHERE controller_id = %(controller)s),
letters AS (SELECT * FROM acting_letter WHERE controller_id = %(controller)s)
SELECT 'fault', 'letters and answers without a mandate', count(*) FROM letters l WHERE NOT EXISTS (
  SELECT FROM mandates m WHERE m.subject_id = l.subject_id AND m.id = l.mandate_id AND m.case_id = l.case_id
    AND m.signed_at <= l.at AND l.at < m.expires_at AND (m.withdrawn_at IS NULL OR l.at < m.withdrawn_at)
)
UNION ALL
SELECT 'fault', 'letters posted without a mandate or a parent''s consent', count(*) FROM letters l
WHERE l.direction = 'out' AND l.posted_at IS NOT NULL AND NOT EXISTS (
  SELECT FROM mandates m WHERE m.subject_id = l.subject_id AND m.id = l.mandate_id AND m.case_id = l.case_id
    AND m.signed_at <= l.posted_at AND l.posted_at < m.expires_at
    AND (m.withdrawn_at IS NULL OR l.posted_at < m.withdrawn_at)
    AND (NOT m.by_guardian
      OR EXISTS (SELECT FROM services_family_member f WHERE f.subject_id = m.subject_id AND f.consent_by = 'parent'
                 AND f.starts <= l.posted_at AND (f.ends IS NULL OR l.posted_at < f.ends))
      OR NOT EXISTS (SELECT FROM services_family_member f WHERE f.subject_id = m.subject_id
                     AND f.consent_by = 'parent' AND f.starts <= l.posted_at))
)
UNION ALL
SELECT 'fault', 'disclosures without a mandate', count(*) FROM disclosure_disclosure d
WHERE d.controller_id = %(controller)s AND d.activity IN ('id_protection', 'web_cleanup')
  AND EXISTS (SELECT FROM cases_case c WHERE c.subject_id = d.subject_id AND c.id = d.case_id)
  AND NOT EXISTS (
    SELECT FROM mandates m WHERE m.subject_id = d.subject_id AND m.case_id = d.case_id AND m.purpose = d.activity
      AND m.signed_at <= d.disclosed_at AND d.disclosed_at < m.expires_at
      AND (m.withdrawn_at IS NULL OR d.disclosed_at < m.withdrawn_at)
  )
UNION ALL
SELECT 'fault', 'letters that are not in the log of disclosures', count(*) FROM letters l
WHERE direction = 'out' AND NOT EXISTS (
  SELECT FROM disclosure_disclosure d WHERE d.subject_id = l.subject_id AND d.reference = l.reference
)
UNION ALL
SELECT 'fault', 'counterparts that nobody followed up', count(*) FROM acting_counterpart
WHERE controller_id = %(controller)s AND closed_at IS NULL AND next_on < %(on)s::date - 7
UNION ALL
SELECT '', 'mandates', count(*) FROM mandates
UNION ALL
SELECT '', 'letters', count(*) FROM letters

-- name: clean_up
-- Removal requests to sites (D4): those without a mandate for just that, those of a child that no parent consents for,
-- sites that nobody followed up. Then what there is.
WITH mine AS (
  SELECT l.*, c.kind FROM acting_letter l JOIN cases_case c ON c.subject_id = l.subject_id AND c.id = l.case_id
  WHERE l.controller_id = %(controller)s AND c.kind = 'web_cleanup' AND l.direction = 'out'
)
SELECT 'fault', 'requests to sites without a mandate for it', count(*) FROM mine l WHERE NOT EXISTS (
  SELECT FROM acting_mandate m WHERE m.subject_id = l.subject_id AND m.id = l.mandate_id AND m.purpose = 'web_cleanup'
    AND m.signed_at <= l.at AND l.at < m.expires_at AND (m.withdrawn_at IS NULL OR l.at < m.withdrawn_at)
)
UNION ALL
SELECT 'fault', 'requests posted for a child after the parent''s consent', count(*) FROM mine l
JOIN acting_mandate m ON m.subject_id = l.subject_id AND m.id = l.mandate_id AND m.by_guardian
WHERE l.posted_at IS NOT NULL
  AND EXISTS (SELECT FROM services_family_member f WHERE f.subject_id = m.subject_id AND f.consent_by = 'parent'
              AND f.starts <= l.posted_at)
  AND NOT EXISTS (SELECT FROM services_family_member f WHERE f.subject_id = m.subject_id AND f.consent_by = 'parent'
                  AND f.starts <= l.posted_at AND (f.ends IS NULL OR l.posted_at < f.ends))
UNION ALL
SELECT 'fault', 'sites that nobody followed up', count(*) FROM acting_counterpart
WHERE controller_id = %(controller)s AND closed_at IS NULL AND next_on < %(on)s::date - 7
  AND EXISTS (SELECT FROM mine l WHERE l.subject_id = acting_counterpart.subject_id
              AND l.counterpart_id = acting_counterpart.id)
UNION ALL
SELECT '', 'requests', count(*) FROM mine
