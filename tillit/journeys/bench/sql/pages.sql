-- name: purchases
-- Receipts of some members, a line each, over the last year, in the shops there are.
INSERT INTO purchases_purchase (subject_id, id, controller_id, source_id, chain_id, store_id, event_at, amount,
                                currency, receipt, product, last_four, refund_of, batch_id, state)
SELECT s.subject_id, gen_random_uuid(), c.controller_id, %(source)s, c.id, t.id,
       now() - make_interval(days => (n %% 360)::int), 1000 + 37 * n, 'NOK', 'R' || n, 'Vare ' || n, '4242', NULL, 1, 0
FROM unnest(%(subjects)s::bigint[]) AS s(subject_id)
CROSS JOIN generate_series(1, %(each)s) AS n
JOIN LATERAL (SELECT id, controller_id FROM purchases_chain ORDER BY id LIMIT 1 OFFSET (n %% 10)) c ON true
JOIN LATERAL (SELECT id FROM purchases_store WHERE chain_id = c.id ORDER BY id LIMIT 1) t ON true
