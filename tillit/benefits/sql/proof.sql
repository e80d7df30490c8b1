-- name: orders
-- Orders of the union that a supplier has but no disclosure tells of, and disclosures of an order that hold more fields
-- than an order has; by id.
SELECT 'benefits_order ' || o.id || ': is with its supplier, and no disclosure tells of it'
  FROM benefits_order o
 WHERE o.controller_id = %(controller)s AND o.sent_at IS NOT NULL
   AND NOT EXISTS (SELECT FROM disclosure_disclosure d
                    WHERE d.subject_id = o.subject_id AND d.controller_id = o.controller_id
                      AND d.activity = %(activity)s AND d.disclosed_at = o.sent_at)
UNION ALL
SELECT 'benefits_order ' || o.id || ': more went to its supplier than the member said yes to'
  FROM benefits_order o
 WHERE o.controller_id = %(controller)s AND o.more_yes
   AND NOT EXISTS (SELECT FROM disclosure_disclosure d
                    WHERE d.subject_id = o.subject_id AND d.controller_id = o.controller_id
                      AND d.activity = %(activity)s AND d.asked_at = o.more_answered_at);

-- name: catalogue
-- Codes that two people hold of one benefit or that are still in the pool, and orders of benefits whose supplier the
-- union gives no frame.
SELECT 'benefits_drawn_code: a code of benefit ' || c.benefit_id || ' is held ' || count(*) || ' times'
  FROM benefits_drawn_code c
 WHERE c.controller_id = %(controller)s
 GROUP BY c.benefit_id, c.text HAVING count(*) > 1
UNION ALL
SELECT 'benefits_drawn_code ' || c.id || ': its code can be drawn again'
  FROM benefits_drawn_code c JOIN benefits_pool_code p ON p.benefit_id = c.benefit_id AND p.text = c.text
 WHERE c.controller_id = %(controller)s
UNION ALL
SELECT 'benefit ' || b.key || ': is ordered of a supplier that the union gives no frame'
  FROM benefits_benefit b
  JOIN benefits_validity v ON v.benefit_id = b.id AND v.controller_id = %(controller)s
   AND v.starts <= %(on)s AND (v.ends IS NULL OR v.ends > %(on)s)
  JOIN LATERAL (SELECT e.kind FROM benefits_edition e WHERE e.benefit_id = b.id AND e.published_at <= %(at)s
                 ORDER BY e.number DESC LIMIT 1) e ON e.kind = 'order'
 WHERE (b.withdrawn_on IS NULL OR b.withdrawn_on > %(on)s)
   AND NOT EXISTS (SELECT FROM benefits_frame f
                    WHERE f.supplier_id = b.supplier_id AND f.controller_id = %(controller)s AND f.recipient <> ''
                      AND f.starts <= %(on)s AND (f.ends IS NULL OR f.ends > %(on)s));

-- name: counts
-- Columns of the counts beside union, benefit, month, kind and number: each would be a trace of somebody.
SELECT 'benefits_use_count has ' || a.attname || ', and may hold numbers only'
  FROM pg_attribute a
 WHERE a.attrelid = 'benefits_use_count'::regclass AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attname <> ALL ('{controller_id,benefit_id,month,what,times}')
UNION ALL
SELECT 'benefits_use_count: a row is of a day, not of a month'
  FROM benefits_use_count WHERE extract(day FROM month) <> 1 LIMIT 1;

-- name: said_yes
-- Whose last act about the activity in the channel, or in every channel, was a yes: told from the acts, not from the
-- choice they led to. A yes that takes a no back is written with it at one moment, and is the last.
SELECT subject_id FROM (
  SELECT DISTINCT ON (subject_id) subject_id, kind FROM consent_event
   WHERE controller_id = ANY (%(holders)s) AND activity = %(activity)s AND channel IN ('', %(channel)s)
   ORDER BY subject_id, at DESC, kind = 'given' DESC) last
 WHERE kind = 'given';
