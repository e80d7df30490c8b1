-- name: matched
-- The people who bought in the chain as asked, each as the subject they are known by: for at least `spent` since
-- `since` (refunds taken off), and, where `absent` is set, before it but not since.
SELECT coalesce(s.alias_of_id, s.id)
FROM purchases_purchase p JOIN parties_subject s ON s.id = p.subject_id
WHERE p.chain_id = %(chain)s AND p.state = 0
GROUP BY 1
HAVING CASE WHEN %(absent)s THEN max(p.event_at) < %(since)s
            ELSE coalesce(sum(p.amount) FILTER (WHERE p.event_at >= %(since)s), 0) >= greatest(%(spent)s, 1) END
