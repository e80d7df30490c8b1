-- name: bought_within
-- Who has bought something within so many days; what was taken back does not count.
SELECT subject_id FROM purchases_purchase
WHERE amount > 0 AND event_at > %(now)s::timestamptz - make_interval(days => %(value)s::integer)

-- name: bought_in
-- Who has bought something in the chain.
SELECT p.subject_id FROM purchases_purchase p JOIN purchases_chain c ON c.id = p.chain_id
WHERE p.amount > 0 AND c.key = %(value)s
