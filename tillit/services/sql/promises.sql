-- name: card_blocking
-- The blocking service keeps its word (D2): orders that nobody has followed up for a quarter of an hour, numbers that
-- outlived their place on the service, and openings of late that are not on record. Then what there is of each.
WITH orders AS (SELECT * FROM services_block_order WHERE controller_id = %(controller)s)
SELECT 'fault', 'orders that nobody follows up', count(*) FROM orders
WHERE settled_at IS NULL AND order_state <> 'rejected' AND due_at < %(now)s::timestamptz - interval '15 minutes'
UNION ALL
SELECT 'fault', 'numbers of what was taken off the service', count(*) FROM services_instrument
WHERE controller_id = %(controller)s AND removed_at IS NOT NULL AND sealed IS NOT NULL
UNION ALL
SELECT 'fault', 'orders whose number was opened off the record', count(*) FROM orders o
WHERE handed_over AND ordered_at > %(now)s::timestamptz - interval '30 days' AND NOT EXISTS (
  SELECT FROM audit_event e
  WHERE e.subject_id = o.subject_id AND e.type = 'blocked_instrument.opened' AND e.details -> 'order' = to_jsonb(o.id)
)
UNION ALL
SELECT '', 'orders', count(*) FROM orders
UNION ALL
SELECT '', 'instruments', count(*) FROM services_instrument WHERE controller_id = %(controller)s
