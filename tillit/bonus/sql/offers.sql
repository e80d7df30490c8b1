-- name: touched_table
-- The units of offers that rows being posted count in: whose amounts are to be worked out anew.
CREATE TEMPORARY TABLE IF NOT EXISTS offer_touched (subject_id bigint, unit uuid, offer_id integer) ON COMMIT DELETE ROWS

-- name: row_table
-- What offers give now, more (`diff` above zero) or less, by unit and lot: `id` follows from both.
CREATE TEMPORARY TABLE IF NOT EXISTS offer_row (
  subject_id bigint, id uuid, unit uuid, offer_id integer, chain_id integer, controller_id integer, book_id integer,
  expires_on date, event_at timestamptz, state smallint, version integer, diff bigint
) ON COMMIT DELETE ROWS

-- name: lock_budgets
-- Offers with a budget, locked in order: what is left of it is given to one after the other. Before anything else of the
-- ledger is locked.
SELECT o.id FROM bonus_offer o WHERE o.budget IS NOT NULL ORDER BY o.id FOR UPDATE

-- name: any_for_rows
-- Whether an offer is made for some counted row of `intake_row`.
SELECT EXISTS (SELECT FROM bonus_offer) AND EXISTS (
  SELECT FROM (SELECT i.chain_id, min(i.event_at) AS first, max(i.event_at) AS last FROM intake_row i WHERE i.earns
               GROUP BY i.chain_id) AS c
  JOIN bonus_offer o ON o.chain_id = c.chain_id AND o.starts <= c.last AND (o.ends IS NULL OR o.ends > c.first))

-- name: share
-- What each row counts for in which offer, and the units touched by that. Offers of rates stack on the class's rate as the
-- programme says, by priority: `add` each on the rate, `multiply` each on what the one before it made, `best` only the one
-- that gives most. A share is worth what its offer adds to the bonus, rounded so that the shares and the bonus by the rate
-- are together what the last rate gives. Continues `classes`.
, aimed AS (
  SELECT a.subject_id, array_agg(a.offer_id ORDER BY a.offer_id) AS offers
  FROM bonus_offer_audience a
  WHERE a.subject_id IN (SELECT k.subject_id FROM classed k) GROUP BY a.subject_id
), combined AS MATERIALIZED (
  SELECT row_number() OVER () AS class, k.* FROM (
    SELECT DISTINCT c.chain_id, c.store_id, c.group_id, c.stretch, c.weekday, c.part, coalesce(a.offers, '{}') AS aimed
    FROM classed c LEFT JOIN aimed a ON a.subject_id = c.subject_id) AS k
), made AS MATERIALIZED (
  SELECT k.class, o.id AS offer_id, o.kind, o.basis_points, o.factor, o.priority, p.stacking,
         r.basis_points::numeric AS base,
         CASE o.kind WHEN 'rate' THEN o.basis_points WHEN 'times' THEN r.basis_points * (o.factor - 100) * 0.01 END AS more
  FROM combined k
  JOIN rated r ON r.chain_id = k.chain_id AND r.store_id = k.store_id AND r.group_id = k.group_id
              AND r.stretch = k.stretch AND r.weekday = k.weekday AND r.part = k.part AND NOT r.suspended
  JOIN bonus_programme p ON p.chain_id = k.chain_id
  JOIN bonus_offer o ON o.chain_id = k.chain_id
   AND (o.store_ids = '{}' OR k.store_id = ANY (o.store_ids)) AND (o.group_ids = '{}' OR k.group_id = ANY (o.group_ids))
   AND o.starts < r.ends AND (o.ends IS NULL OR o.ends > r.starts) AND o.weekdays & (1 << k.weekday) <> 0
   AND o.from_minute < r.to_minute AND o.to_minute > r.from_minute
   AND (NOT o.targeted OR o.id = ANY (k.aimed))
), ranked AS MATERIALIZED (
  SELECT m.*, row_number() OVER (PARTITION BY m.class ORDER BY m.priority DESC, m.offer_id) AS place
  FROM (SELECT m.*, row_number() OVER (PARTITION BY m.class ORDER BY m.more DESC, m.priority DESC, m.offer_id) AS best
        FROM made m WHERE m.kind <> 'fixed') AS m
  WHERE m.stacking <> 'best' OR m.best = 1
), stacked AS MATERIALIZED (
  WITH RECURSIVE walk AS (
    SELECT k.class, k.offer_id, k.place, k.base AS before, k.base + k.more AS after FROM ranked k WHERE k.place = 1
    UNION ALL
    SELECT k.class, k.offer_id, k.place, w.after,
           CASE WHEN k.stacking = 'multiply' AND k.kind = 'times' THEN w.after * k.factor * 0.01 ELSE w.after + k.more END
    FROM walk w JOIN ranked k ON k.class = w.class AND k.place = w.place + 1
  )
  SELECT w.class, w.offer_id, w.before, w.after FROM walk w
  UNION ALL
  SELECT m.class, m.offer_id, 0, 0 FROM made m WHERE m.kind = 'fixed'
), counted AS (
  SELECT c.subject_id, c.external, c.state, c.chain_id, c.book_id, c.event_at, c.expires_on, c.amount, s.offer_id,
         o.per, o.kind, o.cap_member, o.cap_receipt, o.cap_period, o.threshold,
         CASE c.rounding WHEN 'half_up' THEN floor(x.after + 0.5) - floor(x.before + 0.5)
           WHEN 'half_even' THEN floor(x.after + 0.5) - (x.after - floor(x.after) = 0.5 AND floor(x.after + 0.5) %% 2 = 1)::integer
                               - floor(x.before + 0.5) + (x.before - floor(x.before) = 0.5 AND floor(x.before + 0.5) %% 2 = 1)::integer
           WHEN 'up' THEN ceil(x.after) - ceil(x.before) ELSE floor(x.after) - floor(x.before) END::bigint AS worth,
         i.controller_id, i.event_at AT TIME ZONE b.zone AS local,
         CASE WHEN i.receipt = '' THEN c.external
              ELSE md5(concat_ws(':', i.source_id, i.store_id, (i.event_at AT TIME ZONE b.zone)::date, i.receipt))::uuid
         END AS receipt
  FROM classed c
  LEFT JOIN aimed a ON a.subject_id = c.subject_id
  JOIN combined k ON k.chain_id = c.chain_id AND k.store_id = c.store_id AND k.group_id = c.group_id
                 AND k.stretch = c.stretch AND k.weekday = c.weekday AND k.part = c.part
                 AND k.aimed = coalesce(a.offers, '{}')
  JOIN stacked s ON s.class = k.class
  JOIN bonus_offer o ON o.id = s.offer_id
  JOIN intake_row i ON i.external = c.external AND i.earns
  JOIN ledger_book b ON b.id = c.book_id
  CROSS JOIN LATERAL (SELECT c.amount * s.before * 0.0001 AS before, c.amount * s.after * 0.0001 AS after) AS x
), kept AS (
  INSERT INTO bonus_offer_share (subject_id, controller_id, state, recorded_at, offer_id, purchase_id, unit, receipt,
                                 book_id, event_at, expires_on, spend, worth)
  SELECT d.subject_id, d.controller_id, d.state, t.now, d.offer_id, d.external,
         CASE WHEN d.cap_member IS NOT NULL OR d.kind = 'fixed' AND d.per = 'member'
              THEN md5(concat_ws(':', d.subject_id, d.offer_id,
                                 CASE d.cap_period WHEN 'day' THEN d.local::date::text
                                   WHEN 'month' THEN to_char(d.local, 'YYYY-MM')
                                   WHEN 'year' THEN to_char(d.local, 'YYYY') END))::uuid
              WHEN d.cap_receipt IS NOT NULL OR d.kind = 'fixed' OR d.threshold > 0
              THEN md5(concat_ws(':', d.subject_id, d.offer_id, d.receipt))::uuid
              ELSE md5(concat_ws(':', 'line', d.offer_id, d.external))::uuid END,
         d.receipt, d.book_id, d.event_at, d.expires_on, d.amount, d.worth
  FROM counted d CROSS JOIN (SELECT tillit_now() AS now) AS t
  WHERE d.worth > 0 OR d.kind = 'fixed' OR d.threshold > 0
  ORDER BY d.subject_id, d.external, d.offer_id
  ON CONFLICT (subject_id, purchase_id, offer_id) DO NOTHING
  RETURNING subject_id, unit, offer_id
)
INSERT INTO offer_touched (subject_id, unit, offer_id) SELECT DISTINCT k.subject_id, k.unit, k.offer_id FROM kept k

-- name: refund
-- What the refunds of `refund_row` take of the shares of their purchases: the part that falls on what was refunded of a
-- line in all. The units are touched by that.
WITH taken AS (
  SELECT r.subject_id, r.purchase_id, max(r.taken_after) AS amount FROM refund_row r GROUP BY 1, 2
), changed AS (
  UPDATE bonus_offer_share s
  SET spend_back = t.amount, worth_back = round(s.worth * t.amount / s.spend)
  FROM taken t
  WHERE s.subject_id = t.subject_id AND s.purchase_id = t.purchase_id AND s.spend_back < t.amount
  RETURNING s.subject_id, s.unit, s.offer_id
)
INSERT INTO offer_touched (subject_id, unit, offer_id) SELECT DISTINCT c.subject_id, c.unit, c.offer_id FROM changed c

-- name: lock_units
-- The units touched that more than one purchase may count in, locked in order, so that two batches that touch one see each
-- other's shares.
INSERT INTO bonus_offer_unit (subject_id, controller_id, state, recorded_at, offer_id, unit)
SELECT t.subject_id, h.controller_id, coalesce(s.state, 0), tillit_now(), t.offer_id, t.unit
FROM (SELECT DISTINCT * FROM offer_touched) t
JOIN bonus_offer o ON o.id = t.offer_id JOIN purchases_chain h ON h.id = o.chain_id
LEFT JOIN LATERAL (SELECT x.state FROM bonus_offer_share x
                   WHERE x.subject_id = t.subject_id AND x.unit = t.unit LIMIT 1) AS s ON true
WHERE o.kind = 'fixed' OR o.cap_member IS NOT NULL OR o.cap_receipt IS NOT NULL OR o.threshold > 0
ORDER BY t.subject_id, t.unit
ON CONFLICT (subject_id, unit, expires_on) DO UPDATE SET version = bonus_offer_unit.version

-- name: weigh
-- What the units touched come to now, less what was given: written to `offer_row`. A receipt is worth what its cap lets
-- it be; the member's cap, and a fixed amount once the threshold is reached, fall on the lots in order of expiry. What an
-- offer's budget has left goes to those who bought first. Written so that it does not matter in which order purchases
-- came, but where a budget ran out.
INSERT INTO offer_row (subject_id, id, unit, offer_id, chain_id, controller_id, book_id, expires_on, event_at, state,
                       version, diff)
WITH receipt AS (
  SELECT s.subject_id, s.unit, s.offer_id, s.receipt, s.expires_on, max(s.event_at) AS event_at, max(s.state) AS state,
         max(s.controller_id) AS controller_id, max(s.book_id) AS book_id,
         sum(s.spend - s.spend_back) AS spend, sum(s.worth - s.worth_back) AS worth
  FROM (SELECT DISTINCT x.subject_id, x.unit FROM offer_touched x) AS t
  JOIN bonus_offer_share s ON s.subject_id = t.subject_id AND s.unit = t.unit
  GROUP BY s.subject_id, s.unit, s.offer_id, s.receipt, s.expires_on
), lot AS (
  SELECT r.subject_id, r.unit, r.offer_id, r.expires_on, max(r.event_at) AS event_at, max(r.state) AS state,
         max(r.controller_id) AS controller_id, max(r.book_id) AS book_id, sum(r.spend) AS spend,
         sum(CASE WHEN r.spend < o.threshold THEN 0 ELSE least(r.worth, o.cap_receipt) END) AS worth
  FROM receipt r JOIN bonus_offer o ON o.id = r.offer_id
  GROUP BY r.subject_id, r.unit, r.offer_id, r.expires_on
), so_far AS (
  SELECT l.*, sum(l.spend) OVER w AS spend_after, sum(l.worth) OVER w AS worth_after
  FROM lot l WINDOW w AS (PARTITION BY l.subject_id, l.unit ORDER BY l.expires_on ROWS UNBOUNDED PRECEDING)
), wanted AS (
  SELECT f.*, o.chain_id, o.budget, o.given AS offer_given, md5(f.unit || ':' || f.expires_on)::uuid AS id,
         CASE o.kind WHEN 'fixed' THEN
           o.amount * ((f.spend_after >= greatest(o.threshold, 1))::integer
                       - (f.spend_after - f.spend >= greatest(o.threshold, 1))::integer)
         ELSE least(f.worth_after, o.cap_member) - least(f.worth_after - f.worth, o.cap_member) END AS want
  FROM so_far f JOIN bonus_offer o ON o.id = f.offer_id
), differing AS (
  SELECT w.*, coalesce(u.version, 0) AS version, w.want - coalesce(u.given, 0) AS diff
  FROM wanted w LEFT JOIN bonus_offer_unit u ON u.subject_id = w.subject_id AND u.unit = w.unit AND u.expires_on = w.expires_on
), rationed AS (
  SELECT d.*, sum(least(d.diff, 0)) OVER (PARTITION BY d.offer_id) AS freed,
         sum(greatest(d.diff, 0)) OVER (PARTITION BY d.offer_id ORDER BY d.event_at, d.subject_id, d.id
                                        ROWS UNBOUNDED PRECEDING) - greatest(d.diff, 0) AS before
  FROM differing d
)
SELECT r.subject_id, r.id, r.unit, r.offer_id, r.chain_id, r.controller_id, r.book_id, r.expires_on, r.event_at, r.state,
       r.version, r.granted
FROM (
  SELECT r.*, CASE WHEN r.diff > 0 AND r.budget IS NOT NULL
                   THEN greatest(0, least(r.diff, r.budget - r.offer_given - r.freed - r.before)) ELSE r.diff END AS granted
  FROM rationed r
) AS r
WHERE r.granted <> 0

-- name: book
-- What `offer_row` gives or takes is noted of its units.
WITH known AS (
  UPDATE bonus_offer_unit u SET given = u.given + o.diff, version = u.version + 1
  FROM offer_row o WHERE u.subject_id = o.subject_id AND u.unit = o.unit AND u.expires_on = o.expires_on
  RETURNING u.subject_id, o.id
)
INSERT INTO bonus_offer_unit (subject_id, controller_id, state, recorded_at, offer_id, unit, expires_on, given, version)
SELECT o.subject_id, o.controller_id, o.state, tillit_now(), o.offer_id, o.unit, o.expires_on, o.diff, 1
FROM offer_row o
WHERE NOT EXISTS (SELECT FROM known k WHERE k.subject_id = o.subject_id AND k.id = o.id) ORDER BY o.subject_id, o.id

-- name: book_budgets
-- What `offer_row` gives or takes is noted of its offers, in order.
UPDATE bonus_offer o SET given = o.given + d.diff
FROM (SELECT r.offer_id, sum(r.diff) AS diff FROM offer_row r GROUP BY r.offer_id ORDER BY r.offer_id) AS d
WHERE o.id = d.offer_id

-- name: give
-- What offers give more is posted by itself, where no purchase is being posted with it.
SELECT ledger_post(
  array_agg(e.subject_id), array_agg(md5('offer:' || e.id || ':' || e.version)::uuid), array_agg(e.book_id),
  array_agg(e.diff), array_agg(%(offered)s::smallint), array_agg(NULL::date), array_agg(%(lot)s::smallint),
  array_agg(e.expires_on), array_agg(e.event_at), array_agg(e.id), array_agg(e.state), %(batch)s)
FROM (SELECT * FROM offer_row r WHERE r.diff > 0 ORDER BY r.subject_id, r.id) AS e
HAVING count(*) > 0

-- name: faults
-- What is not as an offer or a suspension of the controller's chains says: offers that gave more than they noted, units
-- that hold more than was posted for them, bonus of purchases made while earning was suspended that was posted since. A
-- word and the id of each.
SELECT 'bonus_offer: offer ' || o.id || ' gave more than is noted'
FROM bonus_offer o JOIN purchases_chain c ON c.id = o.chain_id
JOIN (SELECT u.offer_id, sum(u.given) AS given FROM bonus_offer_unit u GROUP BY u.offer_id) AS s ON s.offer_id = o.id
WHERE c.controller_id = %(controller)s AND s.given > o.given
UNION ALL
SELECT DISTINCT 'bonus_offer: offer ' || u.offer_id || ' notes more for somebody than was posted'
FROM bonus_offer_unit u
WHERE u.controller_id = %(controller)s AND u.given > 0 AND u.given > (
  SELECT coalesce(sum(t.amount), 0) FROM ledger_transfer t
  WHERE t.subject_id = u.subject_id AND t.reference = md5(u.unit || ':' || u.expires_on)::uuid
    AND t.debit_kind = %(offered)s)
UNION ALL
SELECT DISTINCT 'bonus_suspension: bonus was posted for purchases of suspension ' || s.id
FROM bonus_suspension s JOIN purchases_chain c ON c.id = s.chain_id
JOIN bonus_programme p ON p.chain_id = c.id
JOIN ledger_transfer t ON t.book_id = p.book_id AND t.debit_kind IN (%(issued)s, %(offered)s) AND t.event_at >= s.starts
  AND (s.ends IS NULL OR t.event_at < s.ends) AND t.recorded_at > s.starts
WHERE c.controller_id = %(controller)s AND s.what = 'earn' AND NOT (s.parked AND s.lifted_at IS NOT NULL)
