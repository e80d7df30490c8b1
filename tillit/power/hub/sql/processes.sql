-- name: claim
-- The process that has waited longest and is due: ours until the lease is over.
UPDATE power_hub_process p SET due_at = %(leased)s, tries = p.tries + 1
FROM (
  SELECT subject_id, id FROM power_hub_process
  WHERE controller_id = %(controller)s AND status IN ('queued', 'sent') AND due_at <= %(now)s
  ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) next
WHERE p.subject_id = next.subject_id AND p.id = next.id
RETURNING p.subject_id, p.id
