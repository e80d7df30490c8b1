-- name: rows
-- The purchases of one controller's chains made in [starts, ends) as rows to be rated, with their refunds not looked at.
INSERT INTO intake_row (line, subject_id, event_at, amount, external, payload, refund_of, controller_id, chain_id,
                        store_id, product_group_id, state, source_id, verdict, earns, currency, receipt, product,
                        last_four)
SELECT 0, p.subject_id, p.event_at, p.amount, p.id, p.id, NULL, p.controller_id, p.chain_id, p.store_id,
       p.product_group_id, p.state, p.source_id, 0, true, p.currency, p.receipt, '', ''
FROM purchases_purchase p
WHERE p.chain_id = ANY (%(chains)s) AND p.event_at >= %(starts)s AND p.event_at < %(ends)s AND p.amount > 0
  AND p.state = 0

-- name: shadow_rules
-- Terms and what offers gave, of this transaction alone: what follows reads and writes these instead of the real ones.
CREATE TEMPORARY TABLE bonus_rate_rule (LIKE public.bonus_rate_rule INCLUDING ALL) ON COMMIT DROP;
INSERT INTO bonus_rate_rule SELECT * FROM public.bonus_rate_rule;
ALTER TABLE bonus_rate_rule ALTER COLUMN id RESTART WITH 1000000000

-- name: shadow_offers
-- The offers as they stand, with nothing given yet: in a preview a budget covers the period alone.
CREATE TEMPORARY TABLE bonus_offer (LIKE public.bonus_offer INCLUDING ALL) ON COMMIT DROP;
INSERT INTO bonus_offer SELECT * FROM public.bonus_offer;
ALTER TABLE bonus_offer ALTER COLUMN id RESTART WITH 1000000000

-- name: shadow_programmes
-- How offers stack, which the terms that are tried may change.
CREATE TEMPORARY TABLE bonus_programme (LIKE public.bonus_programme INCLUDING ALL) ON COMMIT DROP;
INSERT INTO bonus_programme SELECT * FROM public.bonus_programme;
ALTER TABLE bonus_programme ALTER COLUMN id RESTART WITH 1000000000

-- name: shadow_shares
-- What purchases count for in offers, empty.
CREATE TEMPORARY TABLE bonus_offer_share (LIKE public.bonus_offer_share INCLUDING ALL) ON COMMIT DROP

-- name: shadow_units
-- What offers gave, empty.
CREATE TEMPORARY TABLE bonus_offer_unit (LIKE public.bonus_offer_unit INCLUDING ALL) ON COMMIT DROP

-- name: forget
-- Nothing given by any offer, before the other terms are tried.
UPDATE bonus_offer SET given = 0

-- name: result_table
-- Who got what by the rates and by offers, before (round 0) and with the terms tried (round 1). `waits`: of that, what may
-- not be used yet on the period's last day.
CREATE TEMPORARY TABLE preview_row (
  round smallint, chain_id integer, store_id integer, subject_id bigint, amount numeric, waits numeric
) ON COMMIT DROP

-- name: keep_rates
-- What the rates give, kept by chain, store and member. Continues `base` of accrue.
INSERT INTO preview_row
SELECT %(round)s, b.chain_id, i.store_id, b.subject_id, sum(b.bonus),
       coalesce(sum(b.bonus) FILTER (
         WHERE bonus_usable_on(b.event_at, k.zone, p.available_after_days, p.waited_before, p.waits_from)
               > %(last)s::date), 0)
FROM base b
JOIN intake_row i ON i.external = b.id
JOIN bonus_programme p ON p.chain_id = b.chain_id
JOIN ledger_book k ON k.id = p.book_id
GROUP BY 2, 3, 4

-- name: keep_offers
-- What offers give, kept by chain and member: caps and amounts are of no one store.
INSERT INTO preview_row
SELECT %(round)s, o.chain_id, 0, o.subject_id, sum(o.diff),
       coalesce(sum(o.diff) FILTER (
         WHERE bonus_usable_on(o.event_at, k.zone, p.available_after_days, p.waited_before, p.waits_from)
               > %(last)s::date), 0)
FROM offer_row o
JOIN bonus_programme p ON p.chain_id = o.chain_id
JOIN ledger_book k ON k.id = p.book_id
GROUP BY 2, 4

-- name: by_store
-- Issued before and after, by chain and store (0: by offers): how many members, and the amounts.
SELECT c.key, coalesce(s.number, ''), p.subjects, p.before, p.after
FROM (SELECT r.chain_id, r.store_id, count(DISTINCT r.subject_id) AS subjects,
             coalesce(sum(r.amount) FILTER (WHERE r.round = 0), 0)::bigint AS before,
             coalesce(sum(r.amount) FILTER (WHERE r.round = 1), 0)::bigint AS after
      FROM preview_row r GROUP BY r.chain_id, r.store_id) AS p
JOIN purchases_chain c ON c.id = p.chain_id
LEFT JOIN purchases_store s ON s.id = p.store_id
ORDER BY c.key, s.number NULLS FIRST

-- name: members
-- How many members of a chain get less, the same and more, and by how much: the spread of the change, minor units.
SELECT c.key, count(*) FILTER (WHERE d.change < 0), count(*) FILTER (WHERE d.change = 0),
       count(*) FILTER (WHERE d.change > 0),
       percentile_disc(ARRAY[0.05, 0.25, 0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY d.change)::bigint[]
FROM (SELECT r.chain_id, r.subject_id,
             coalesce(sum(r.amount) FILTER (WHERE r.round = 1), 0) - coalesce(sum(r.amount) FILTER (WHERE r.round = 0), 0)
               AS change
      FROM preview_row r GROUP BY r.chain_id, r.subject_id) AS d
JOIN purchases_chain c ON c.id = d.chain_id
GROUP BY c.key ORDER BY c.key

-- name: budgets
-- What each offer gave in the period with the terms tried, and its budget.
SELECT c.key, o.key, o.given, o.budget FROM bonus_offer o JOIN purchases_chain c ON c.id = o.chain_id
WHERE o.chain_id = ANY (%(chains)s) AND (o.given > 0 OR o.budget IS NOT NULL) ORDER BY 1, 2

-- name: waits
-- By chain, after how many days bonus may be used, before and with the terms tried, and what of the period's bonus waits on
-- its last day.
SELECT c.key, o.available_after_days, n.available_after_days,
       coalesce(sum(r.waits) FILTER (WHERE r.round = 0), 0)::bigint,
       coalesce(sum(r.waits) FILTER (WHERE r.round = 1), 0)::bigint
FROM public.bonus_programme o
JOIN bonus_programme n ON n.chain_id = o.chain_id
JOIN purchases_chain c ON c.id = o.chain_id
LEFT JOIN preview_row r ON r.chain_id = o.chain_id
WHERE o.chain_id = ANY (%(chains)s) GROUP BY 1, 2, 3 ORDER BY 1
