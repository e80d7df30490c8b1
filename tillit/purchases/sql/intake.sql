-- name: staged_table
-- The rows of a file between reading and posting: of this connection alone, digests only, gone with the connection. A
-- small sample tells the planner that each line is one row.
CREATE TEMPORARY TABLE IF NOT EXISTS purchases_staged (
  batch_id bigint, line bigint, source_id smallint, authorised boolean, external uuid, payload uuid, instrument_kind smallint,
  instrument uuid, chain_id integer, store_id integer, event_at timestamptz, amount bigint, last_four varchar,
  currency varchar, product_group_id integer, refund_of uuid, receipt varchar, product varchar
);
ALTER TABLE pg_temp.purchases_staged ALTER COLUMN line SET STATISTICS 10

-- name: row_table
-- The members' rows of the chunk that is being posted, each with its verdict: 0 counted, 1 parked (the person's data is
-- restricted), 2 repeated, 3 the id was used with another content, 4 older than the source may send, 5 an authorisation:
-- nothing was bought yet, 6 staff may have posted it already. `earns`: counted, and not a refund.
CREATE TEMPORARY TABLE IF NOT EXISTS intake_row (
  line bigint, subject_id bigint, event_at timestamptz, amount bigint, external uuid, payload uuid, refund_of uuid,
  controller_id integer, chain_id integer, store_id integer, product_group_id integer, state smallint, source_id smallint,
  verdict smallint, earns boolean, currency varchar, receipt varchar, product varchar, last_four varchar
) ON COMMIT DELETE ROWS

-- name: refund_table
-- The refunds that are being settled (see `due_refunds`).
CREATE TEMPORARY TABLE IF NOT EXISTS refund_row (
  subject_id bigint, waiting_id bigint, refund_id uuid, purchase_id uuid, event_at timestamptz, amount bigint,
  settled boolean, taken_after numeric, taken_before numeric
) ON COMMIT DELETE ROWS

-- name: match
-- The chunk's rows (those on the given pages of the staged table, behind the given line) that are members', for a start
-- with the verdict that nothing came before. A purchase made while a card was registered is its owner's then, also when
-- the card was removed since (C4: the row of a removed card stays for purchases on their way; `removed` are the few rows
-- that may be such); else the directory knows whose the card is, and since when: what was bought before is a stranger's.
-- Returns how many rows there were, how many are members', the last line, and how many are refunds that name a purchase.
WITH chunk AS MATERIALIZED (
  SELECT s.* FROM purchases_staged s
  WHERE s.ctid >= %(from)s::tid AND s.ctid < %(until)s::tid AND s.line > %(behind)s
), found AS MATERIALIZED (
  SELECT f.line, f.subject_id, f.state, f.since
  FROM (SELECT array_agg(c.line) AS lines, array_agg(c.instrument_kind) AS kinds, array_agg(c.instrument) AS digests
        FROM chunk c) AS a
  CROSS JOIN LATERAL intake_match(%(register)s, a.lines, a.kinds, a.digests) AS f
), removed AS MATERIALIZED (
  SELECT c.line, c.instrument_kind, c.instrument, c.event_at
  FROM chunk c
  JOIN (SELECT DISTINCT p.digest FROM purchases_instrument p WHERE p.removed_at IS NOT NULL) AS d
    ON d.digest = c.instrument
), former AS MATERIALIZED (
  SELECT DISTINCT ON (c.line) c.line, p.subject_id, p.state, p.registered_at AS since
  FROM removed c
  JOIN purchases_instrument p ON p.kind = c.instrument_kind AND p.digest = c.instrument
   AND p.registered_at <= c.event_at AND c.event_at < p.removed_at
  WHERE p.removed_at IS NOT NULL ORDER BY c.line, p.removed_at
), whose AS (
  SELECT r.line, r.subject_id, r.state, r.since FROM former r
  UNION ALL
  SELECT f.line, f.subject_id, f.state, f.since FROM found f WHERE NOT EXISTS (SELECT FROM former r WHERE r.line = f.line)
), members AS (
  INSERT INTO intake_row (line, subject_id, event_at, amount, external, payload, refund_of, controller_id, chain_id,
                          store_id, product_group_id, state, source_id, verdict, earns, currency, receipt, product,
                          last_four)
  SELECT c.line, f.subject_id, c.event_at, c.amount, c.external, c.payload, c.refund_of, h.controller_id, c.chain_id,
         c.store_id, c.product_group_id, f.state, c.source_id,
         CASE WHEN c.event_at < %(accept_from)s THEN 4 WHEN c.authorised THEN 5 ELSE f.state END,
         c.event_at >= %(accept_from)s AND f.state = 0 AND c.amount > 0 AND NOT c.authorised,
         c.currency, c.receipt, c.product, c.last_four
  FROM chunk c JOIN whose f ON f.line = c.line AND f.since <= c.event_at JOIN purchases_chain h ON h.id = c.chain_id
  RETURNING 1
)
SELECT (SELECT count(*) FROM chunk), (SELECT count(*) FROM members), (SELECT max(line) FROM chunk),
       (SELECT count(*) FROM chunk WHERE amount < 0 AND refund_of IS NOT NULL)

-- name: judge
-- The verdict of rows whose id came before, in the chunk or ever: 2 when the content is the same, else 3. Needed when
-- `keep_seen` found one: a look at `seen` for each row, by its index, so that the cost follows the chunk and not all there
-- is.
UPDATE intake_row i SET verdict = j.verdict, earns = false
FROM (
  SELECT r.line,
         CASE WHEN z.payload = r.payload THEN 2 WHEN z.payload IS NOT NULL THEN 3
              WHEN r.nth > 1 AND r.payload = r.first_payload THEN 2 WHEN r.nth > 1 THEN 3 END AS verdict
  FROM (SELECT m.*, row_number() OVER same AS nth, first_value(m.payload) OVER same AS first_payload
        FROM intake_row m WHERE m.verdict <= 1 WINDOW same AS (PARTITION BY m.external ORDER BY m.line)) AS r
  LEFT JOIN LATERAL (SELECT s.payload FROM purchases_seen s
                     WHERE s.source_id = r.source_id AND s.digest = r.external LIMIT 1) AS z ON true
) AS j
WHERE i.line = j.line AND j.verdict IS NOT NULL

-- name: made_good
-- Lines of purchases that staff posted since they were missing (C12), when they come late after all: repeats (2) where the
-- receipt is the same in the chain and on the day, in the same store whoever's card it is, or in any store the same
-- person's; `purchases_made_good_line` then knows of which purchase. Put aside for staff (6) where it may be the same:
-- another person's with that receipt in another store, and whatever else of that chain and day is the person's own, with
-- any receipt, store and amount, since what was posted was read off a receipt by hand. What staff have `decided` is an
-- `other` purchase, or the `same`. Only rows of a chain and day with such a purchase are looked at.
WITH near AS MATERIALIZED (
  SELECT i.line, i.subject_id, i.source_id, i.external, i.payload, i.chain_id, i.store_id, i.amount,
         (i.event_at AT TIME ZONE %(zone)s)::date AS bought_on, purchases_receipt_key(i.receipt) AS receipt
  FROM intake_row i
  WHERE i.verdict <= 1 AND i.amount > 0
    AND (i.chain_id, (i.event_at AT TIME ZONE %(zone)s)::date)
        IN (SELECT d.chain_id, d.bought_on FROM purchases_made_good d)
), new AS MATERIALIZED (
  SELECT n.* FROM near n
  WHERE NOT EXISTS (SELECT FROM purchases_seen z WHERE z.source_id = n.source_id AND z.digest = n.external)
    AND NOT EXISTS (SELECT FROM purchases_made_good_line l WHERE l.source_id = n.source_id AND l.digest = n.external)
), theirs AS MATERIALIZED (
  SELECT q.subject_id, m.purchase_id
  FROM (SELECT DISTINCT n.subject_id, n.chain_id, n.bought_on FROM new n) AS q
  JOIN purchases_made_good m ON m.chain_id = q.chain_id AND m.bought_on = q.bought_on
  WHERE EXISTS (
    SELECT FROM parties_subject s
    JOIN parties_subject o ON o.id = coalesce(s.alias_of_id, s.id) OR o.alias_of_id = coalesce(s.alias_of_id, s.id)
    JOIN purchases_purchase p ON p.subject_id = o.id AND p.id = m.purchase_id
    WHERE s.id = q.subject_id)
), alike AS (
  SELECT n.*, m.purchase_id, m.receipt = n.receipt AS same, m.store_id = n.store_id AS here, m.amount = n.amount AS even,
         t.purchase_id IS NOT NULL AS own
  FROM new n
  JOIN purchases_made_good m ON m.chain_id = n.chain_id AND m.bought_on = n.bought_on
  LEFT JOIN theirs t ON t.subject_id = n.subject_id AND t.purchase_id = m.purchase_id
  WHERE m.receipt = n.receipt OR t.purchase_id IS NOT NULL
), judged AS MATERIALIZED (
  SELECT DISTINCT ON (j.line) j.* FROM (
    SELECT a.*, CASE WHEN a.same AND (a.here OR a.own) OR %(decided)s = 'same' THEN 2 ELSE 6 END AS verdict FROM alike a
  ) AS j
  WHERE j.verdict = 2 OR %(decided)s <> 'other'
  ORDER BY j.line, j.verdict, NOT j.same, NOT j.own, NOT j.even, NOT j.here, j.purchase_id
), known AS (
  INSERT INTO purchases_made_good_line (source_id, digest, payload, event_on, purchase_id)
  SELECT j.source_id, j.external, j.payload, j.bought_on, j.purchase_id FROM judged j WHERE j.verdict = 2
  ORDER BY j.source_id, j.external, j.line
  ON CONFLICT (source_id, digest) DO NOTHING
)
UPDATE intake_row i SET verdict = j.verdict, earns = false FROM judged j WHERE i.line = j.line

-- name: made_good_again
-- Rows with the id of such a late line: repeats, or the id was used with another content.
UPDATE intake_row i SET verdict = CASE WHEN l.payload = i.payload THEN 2 ELSE 3 END, earns = false
FROM purchases_made_good_line l
WHERE i.verdict IN (0, 1, 6) AND l.source_id = i.source_id AND l.digest = i.external

-- name: counted_receipt
-- Whether the receipt is counted, among the chain's purchases of the day: anybody's with that number, in any store; else
-- whether the person has one of that amount.
SELECT coalesce(bool_or(purchases_receipt_key(p.receipt) = purchases_receipt_key(%(receipt)s)), false),
       coalesce(bool_or(p.amount = %(amount)s AND p.subject_id IN (
         SELECT o.id FROM parties_subject s
         JOIN parties_subject o ON o.id = coalesce(s.alias_of_id, s.id) OR o.alias_of_id = coalesce(s.alias_of_id, s.id)
         WHERE s.id = %(subject)s)), false)
FROM purchases_purchase p
WHERE p.event_at >= %(day)s::timestamp AT TIME ZONE %(zone)s
  AND p.event_at < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s
  AND p.chain_id = %(chain)s AND p.amount > 0

-- name: keep_made_good
-- The receipt that staff post, once.
INSERT INTO purchases_made_good (purchase_id, chain_id, store_id, receipt, bought_on, amount)
VALUES (%(purchase)s, %(chain)s, %(store)s, purchases_receipt_key(%(receipt)s), %(day)s, %(amount)s)
ON CONFLICT (chain_id, bought_on, receipt) DO NOTHING

-- name: missing_row
-- A purchase that staff post, as a row to be kept and rated like any other.
INSERT INTO intake_row (line, subject_id, event_at, amount, external, payload, refund_of, controller_id, chain_id,
                        store_id, product_group_id, state, source_id, verdict, earns, currency, receipt, product,
                        last_four)
SELECT 0, s.id, %(event_at)s, %(amount)s, %(purchase)s, %(purchase)s, NULL, c.controller_id, c.id, %(store)s, NULL,
       s.state, %(source)s, s.state, s.state = 0, c.currency, %(receipt)s, '', ''
FROM parties_subject s CROSS JOIN purchases_chain c WHERE s.id = %(subject)s AND c.id = %(chain)s

-- name: keep_seen
-- The ids that are counted now, and never again. Fails on an id that came before: then `judge` looks which.
INSERT INTO purchases_seen (source_id, digest, payload, event_on)
SELECT r.source_id, r.external, r.payload, (r.event_at AT TIME ZONE 'Europe/Oslo')::date
FROM intake_row r WHERE r.verdict <= 1 ORDER BY r.source_id, r.external

-- name: keep_purchases
-- The purchases, counted or parked, in the state of their person's data.
INSERT INTO purchases_purchase (subject_id, id, controller_id, state, recorded_at, source_id, chain_id, store_id,
                                product_group_id, event_at, amount, currency, receipt, product, last_four, refund_of,
                                batch_id)
SELECT r.subject_id, r.external, r.controller_id, r.state, t.now, r.source_id, r.chain_id, r.store_id,
       r.product_group_id, r.event_at, r.amount, r.currency, r.receipt, r.product, r.last_four, r.refund_of, %(batch)s
FROM intake_row r CROSS JOIN (SELECT tillit_now() AS now) AS t
WHERE r.verdict <= 1 ORDER BY r.subject_id, r.external

-- name: keep_refunds
-- Every refund waits until its purchase is found (`settle_refunds`), which may stand in the same file or come later.
INSERT INTO purchases_unmatched_refund (subject_id, controller_id, state, recorded_at, purchase_id, source_id, chain_id,
                                        store_id, event_at, amount, refund_of, outcome, reason)
SELECT r.subject_id, r.controller_id, r.state, t.now, r.external, r.source_id, r.chain_id, r.store_id, r.event_at,
       r.amount, r.refund_of, '', ''
FROM intake_row r CROSS JOIN (SELECT tillit_now() AS now) AS t
WHERE r.verdict <= 1 AND r.amount < 0 ORDER BY r.subject_id, r.external

-- name: keep_authorisations
-- Amounts set aside on members' cards: kept once, until a purchase clears them or their time is over.
INSERT INTO purchases_authorisation (subject_id, digest, controller_id, state, recorded_at, source_id, chain_id, store_id,
                                     event_at, amount, currency, batch_id, outcome)
SELECT r.subject_id, r.external, r.controller_id, r.state, t.now, r.source_id, r.chain_id, r.store_id, r.event_at,
       r.amount, r.currency, %(batch)s, ''
FROM intake_row r CROSS JOIN (SELECT tillit_now() AS now) AS t
WHERE r.verdict = 5 ORDER BY r.subject_id, r.external
ON CONFLICT (subject_id, digest) DO NOTHING

-- name: clear
-- The authorisations that purchases of the chunk clear, also such as had lapsed.
UPDATE purchases_authorisation a SET ended_at = tillit_now(), outcome = 'cleared'
FROM intake_row r
WHERE r.verdict <= 1 AND r.amount > 0 AND a.subject_id = r.subject_id AND a.digest = r.refund_of AND a.outcome <> 'cleared'

-- name: clear_late
-- The batch's authorisations whose purchase is here already, from another chunk or from before.
UPDATE purchases_authorisation a SET ended_at = tillit_now(), outcome = 'cleared'
FROM purchases_purchase p
WHERE a.batch_id = %(batch)s AND a.ended_at IS NULL AND p.subject_id = a.subject_id AND p.refund_of = a.digest
  AND p.amount > 0

-- name: lapse
-- The source's authorisations whose time to be cleared is over.
UPDATE purchases_authorisation a SET ended_at = tillit_now(), outcome = 'lapsed'
FROM purchases_source s
WHERE s.id = %(source)s AND a.source_id = s.id AND a.ended_at IS NULL
  AND a.event_at < tillit_now() - make_interval(days => s.clears_within)

-- name: verdicts
-- How many rows of the chunk got which verdict, how many of them are refunds, and how many clear an authorisation.
SELECT r.verdict, count(*), count(*) FILTER (WHERE r.amount < 0),
       count(*) FILTER (WHERE r.amount > 0 AND r.refund_of IS NOT NULL)
FROM intake_row r GROUP BY r.verdict

-- name: refused
-- The rows of the chunk that go to quarantine: line and verdict.
SELECT r.line, r.verdict FROM intake_row r WHERE r.verdict IN (3, 4, 6) ORDER BY r.line

-- name: count
-- Adds a chunk's counts to its batch, and notes how far that lane has come.
UPDATE purchases_batch b
SET posted = b.posted + %(posted)s, parked = b.parked + %(parked)s, repeated = b.repeated + %(repeated)s,
    strangers = b.strangers + %(strangers)s, quarantined = b.quarantined + %(quarantined)s,
    authorised = b.authorised + %(authorised)s,
    progress = jsonb_set(b.progress, ARRAY[%(lane)s::text], to_jsonb(%(line)s::bigint))
WHERE b.id = %(batch)s

-- name: strays
-- Refunds of the staged rows that were paid to a stranger's card but name a member's purchase: they are the member's,
-- without the stranger's digits. `seen` knows the purchase and its day, so that only that day's purchases are looked
-- through. Run when every row is in, since the purchase may stand anywhere in the file.
INSERT INTO intake_row (line, subject_id, event_at, amount, external, payload, refund_of, controller_id, chain_id,
                        store_id, product_group_id, state, source_id, verdict, earns, currency, receipt, product,
                        last_four)
WITH named AS MATERIALIZED (
  SELECT s.*, n.event_on, n.bought
  FROM purchases_staged s JOIN (
    SELECT k.source_id, k.digest, k.event_on, k.digest AS bought FROM purchases_seen k
    UNION ALL SELECT l.source_id, l.digest, l.event_on, l.purchase_id FROM purchases_made_good_line l
  ) AS n ON n.source_id = s.source_id AND n.digest = s.refund_of
  WHERE s.amount < 0 AND s.event_at >= %(accept_from)s
    AND NOT EXISTS (SELECT FROM purchases_seen k WHERE k.source_id = s.source_id AND k.digest = s.external)
)
SELECT DISTINCT ON (n.external) n.line, p.subject_id, n.event_at, n.amount, n.external, n.payload, n.refund_of,
       p.controller_id, n.chain_id, n.store_id, n.product_group_id, p.state, n.source_id, p.state, false, n.currency,
       n.receipt, n.product, ''
FROM named n JOIN purchases_purchase p ON p.id = n.bought AND p.chain_id = n.chain_id
WHERE p.event_at >= (SELECT min(d.event_on) FROM named d)::timestamp AT TIME ZONE 'Europe/Oslo'
  AND p.event_at < ((SELECT max(d.event_on) FROM named d) + 1)::timestamp AT TIME ZONE 'Europe/Oslo'
  AND p.amount > 0 AND p.state IN (0, 1)
ORDER BY n.external, n.line

-- name: move_refunds
-- Refunds that wait with one member and name a purchase of another: they go on with the one who bought, and end here as
-- `elsewhere`. Found as `strays` are.
WITH named AS MATERIALIZED (
  SELECT u.*, n.event_on, n.bought
  FROM purchases_unmatched_refund u JOIN (
    SELECT k.source_id, k.digest, k.event_on, k.digest AS bought FROM purchases_seen k
    UNION ALL SELECT l.source_id, l.digest, l.event_on, l.purchase_id FROM purchases_made_good_line l
  ) AS n ON n.source_id = u.source_id AND n.digest = u.refund_of
  WHERE u.settled_at IS NULL AND u.state = 0
    AND NOT EXISTS (SELECT FROM purchases_purchase o WHERE o.subject_id = u.subject_id AND o.id = n.bought)
), theirs AS MATERIALIZED (
  SELECT n.*, p.subject_id AS buyer_id, p.state AS buyer_state
  FROM named n JOIN purchases_purchase p ON p.id = n.bought AND p.chain_id = n.chain_id
  WHERE p.event_at >= (SELECT min(d.event_on) FROM named d)::timestamp AT TIME ZONE 'Europe/Oslo'
    AND p.event_at < ((SELECT max(d.event_on) FROM named d) + 1)::timestamp AT TIME ZONE 'Europe/Oslo'
    AND p.amount > 0 AND p.state IN (0, 1)
), taken_over AS (
  INSERT INTO purchases_unmatched_refund (subject_id, controller_id, state, recorded_at, purchase_id, source_id,
                                          chain_id, store_id, event_at, amount, refund_of, outcome, reason)
  SELECT t.buyer_id, t.controller_id, t.buyer_state, tillit_now(), t.purchase_id, t.source_id, t.chain_id, t.store_id,
         t.event_at, t.amount, t.refund_of, '', '' FROM theirs t
)
UPDATE purchases_unmatched_refund u SET settled_at = tillit_now(), outcome = 'elsewhere'
FROM theirs t WHERE u.subject_id = t.subject_id AND u.id = t.id

-- name: name_made_good
-- Refunds that name a late line of a purchase which staff had posted: they are of that purchase.
UPDATE purchases_unmatched_refund u SET refund_of = l.purchase_id
FROM purchases_made_good_line l
WHERE u.settled_at IS NULL AND u.source_id = l.source_id AND u.refund_of = l.digest

-- name: due_refunds
-- The refunds that wait and whose purchase has been found, in the order in which they take back: each with the part of
-- the purchase's bonus that falls on it. A purchase refunded in parts gives back exactly its bonus in all, never more.
-- Parked purchases and refunds (of restricted people) wait on. Written to `refund_row`.
INSERT INTO refund_row (subject_id, waiting_id, refund_id, purchase_id, event_at, amount, settled, taken_after,
                        taken_before)
WITH waiting AS (
  SELECT DISTINCT o.subject_id, o.id, o.amount
  FROM purchases_unmatched_refund u
  JOIN purchases_purchase o ON o.subject_id = u.subject_id AND o.id = u.refund_of
  WHERE u.settled_at IS NULL AND u.state = 0 AND o.state = 0 AND o.amount > 0 AND o.chain_id = u.chain_id
)
SELECT w.subject_id, u.id, u.purchase_id, w.id, u.event_at, w.amount, u.settled_at IS NOT NULL,
       least(w.amount, sum(-u.amount) OVER so_far), least(w.amount, sum(-u.amount) OVER so_far + u.amount)
FROM waiting w
JOIN purchases_unmatched_refund u ON u.subject_id = w.subject_id AND u.refund_of = w.id AND u.state = 0
 AND u.outcome IN ('', 'settled')
WINDOW so_far AS (PARTITION BY w.subject_id, w.id ORDER BY u.settled_at NULLS LAST, u.event_at, u.purchase_id
                  ROWS UNBOUNDED PRECEDING)

-- name: settle_refunds
-- The refunds found wait no more.
UPDATE purchases_unmatched_refund u SET settled_at = tillit_now(), outcome = 'settled'
FROM refund_row r WHERE NOT r.settled AND u.subject_id = r.subject_id AND u.id = r.waiting_id

-- name: unmatched
-- How many refunds of the batch still wait.
UPDATE purchases_batch b SET refunds_unmatched = (
  SELECT count(*) FROM purchases_unmatched_refund u
  JOIN purchases_purchase p ON p.subject_id = u.subject_id AND p.id = u.purchase_id
  WHERE u.settled_at IS NULL AND p.batch_id = b.id)
WHERE b.id = %(batch)s

-- name: recall
-- Purchases of the given people that were parked (recorded since, and without a transfer) as rows to be accrued now that
-- their data is live again.
INSERT INTO intake_row (line, subject_id, event_at, amount, external, payload, refund_of, controller_id, chain_id,
                        store_id, product_group_id, state, source_id, verdict, earns, currency, receipt, product,
                        last_four)
SELECT 0, p.subject_id, p.event_at, p.amount, p.id, p.id, p.refund_of, p.controller_id, p.chain_id, p.store_id,
       p.product_group_id, p.state, p.source_id, 0, true, p.currency, p.receipt, '', ''
FROM purchases_purchase p
WHERE p.subject_id = ANY (%(subjects)s::bigint[]) AND p.recorded_at >= %(since)s AND p.state = 0 AND p.amount > 0

-- name: recall_period
-- Purchases of a chain in [starts, ends) as rows to be accrued now that earning is no longer suspended. Those that have
-- earned are known by their transfer. Whoever left gets none: what is unused falls away with a membership (C13), of the
-- chain's club as of the coalition, so that one ended since the purchase takes with it what was parked.
INSERT INTO intake_row (line, subject_id, event_at, amount, external, payload, refund_of, controller_id, chain_id,
                        store_id, product_group_id, state, source_id, verdict, earns, currency, receipt, product,
                        last_four)
SELECT 0, p.subject_id, p.event_at, p.amount, p.id, p.id, p.refund_of, p.controller_id, p.chain_id, p.store_id,
       p.product_group_id, p.state, p.source_id, 0, true, p.currency, p.receipt, '', ''
FROM purchases_purchase p
WHERE p.chain_id = %(chain)s AND p.event_at >= %(starts)s AND (%(ends)s::timestamptz IS NULL OR p.event_at < %(ends)s)
  AND p.state = 0 AND p.amount > 0
  AND (SELECT count(*) FILTER (WHERE r.ended IS NULL) > 0
          AND count(*) FILTER (WHERE r.ended >= (p.event_at AT TIME ZONE %(zone)s)::date
                                 AND r.controller_id = c.controller_id) = 0
       FROM parties_subject s
       JOIN parties_subject m ON m.id = coalesce(s.alias_of_id, s.id) OR m.alias_of_id = coalesce(s.alias_of_id, s.id)
       JOIN parties_relationship r ON r.subject_id = m.id AND r.kind = 'member'
       JOIN purchases_chain c ON c.id = p.chain_id
       WHERE s.id = p.subject_id)

-- name: reopen_refunds
-- Refunds of purchases of `intake_row` that took nothing back, since nothing had been earned: they wait again.
UPDATE purchases_unmatched_refund u SET settled_at = NULL, outcome = '', reason = ''
FROM intake_row i
WHERE u.subject_id = i.subject_id AND u.refund_of = i.external AND u.outcome = 'settled'
  AND NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.subject_id = i.subject_id AND t.id = i.external)
