-- name: rows
-- What is rated: the counted rows of `intake_row`. The beginning of the intake's statements.
WITH row_in AS (SELECT * FROM intake_row i WHERE i.earns)

-- name: rows_on_their_way
-- What is rated: the authorisations of one person that are to be cleared yet.
WITH row_in AS (
  SELECT a.subject_id, a.digest AS external, a.event_at, a.amount, a.state, a.currency, a.chain_id, a.store_id,
         NULL::integer AS product_group_id
  FROM purchases_authorisation a JOIN purchases_source s ON s.id = a.source_id
  WHERE a.subject_id = %(subject)s AND a.ended_at IS NULL
    AND a.event_at >= tillit_now() - make_interval(days => s.clears_within)
)

-- name: on_their_way
-- What the rows would earn by rates, by chain. Continues `base`.
SELECT c.key, sum(b.bonus)::bigint FROM base b JOIN purchases_chain c ON c.id = b.chain_id GROUP BY c.key

-- name: classes
-- The rows to be rated, each put in one of few classes by what its rate follows from: chain, store and product
-- group (only where some rule names them), the stretch of time between two rules' bounds, weekday, and stretch of the day;
-- and each class with its rate. Continues the rows in every statement that rates. While earning is suspended a
-- class earns nothing.
, moment AS MATERIALIZED (
  SELECT array_agg(DISTINCT b.at ORDER BY b.at) AS bounds
  FROM (SELECT timestamptz '-infinity' AS at UNION SELECT r.starts FROM bonus_rate_rule r
        UNION SELECT r.ends FROM bonus_rate_rule r WHERE r.ends IS NOT NULL
        UNION SELECT o.starts FROM bonus_offer o UNION SELECT o.ends FROM bonus_offer o WHERE o.ends IS NOT NULL
        UNION SELECT s.starts FROM bonus_suspension s
        UNION SELECT s.ends FROM bonus_suspension s WHERE s.ends IS NOT NULL) AS b
), minute AS MATERIALIZED (
  SELECT array_agg(DISTINCT b.at ORDER BY b.at) AS bounds
  FROM (SELECT 0 AS at UNION SELECT r.from_minute::integer FROM bonus_rate_rule r
        UNION SELECT r.to_minute::integer FROM bonus_rate_rule r
        UNION SELECT o.from_minute::integer FROM bonus_offer o UNION SELECT o.to_minute::integer FROM bonus_offer o) AS b
), timed AS (
  SELECT i.subject_id, i.external, i.event_at, i.amount, i.state, i.currency, i.chain_id, i.store_id,
         i.product_group_id, p.book_id, p.rounding, p.validity, p.validity_months,
         i.event_at AT TIME ZONE k.zone AS local
  FROM row_in i
  JOIN bonus_programme p ON p.chain_id = i.chain_id
  JOIN ledger_book k ON k.id = p.book_id OFFSET 0
), classed AS MATERIALIZED (
  SELECT t.subject_id, t.external, t.event_at, t.amount, t.state, t.currency, t.chain_id, t.book_id, t.rounding,
         coalesce(s.id, 0) AS store_id, coalesce(g.id, 0) AS group_id,
         width_bucket(t.event_at, (SELECT m.bounds FROM moment m)) AS stretch,
         (t.local::date - date '2000-01-03') %% 7 AS weekday,
         width_bucket((date_part('hour', t.local) * 60 + date_part('minute', t.local))::integer,
                      (SELECT m.bounds FROM minute m)) AS part,
         CASE t.validity WHEN 'year_and_next' THEN make_date(date_part('year', t.local)::integer + 2, 1, 1)
                         WHEN 'months' THEN (t.local::date + make_interval(months => t.validity_months))::date
                         ELSE date '9999-12-31' END AS expires_on
  FROM timed t
  LEFT JOIN (SELECT r.store_id AS id FROM bonus_rate_rule r
             UNION SELECT unnest(o.store_ids) FROM bonus_offer o) AS s ON s.id = t.store_id
  LEFT JOIN (SELECT r.product_group_id AS id FROM bonus_rate_rule r
             UNION SELECT unnest(o.group_ids) FROM bonus_offer o) AS g ON g.id = t.product_group_id
), rated AS MATERIALIZED (
  SELECT c.*, m.starts, m.ends, d.starts AS from_minute, d.ends AS to_minute, q.suspended,
    CASE WHEN q.suspended THEN 0 ELSE greatest(0, coalesce((
      SELECT r.basis_points FROM bonus_rate_rule r
      WHERE r.chain_id = c.chain_id AND r.mode = 'set'
        AND (r.store_id IS NULL OR r.store_id = c.store_id)
        AND (r.product_group_id IS NULL OR r.product_group_id = c.group_id)
        AND r.starts < m.ends AND (r.ends IS NULL OR r.ends > m.starts)
        AND r.weekdays & (1 << c.weekday) <> 0 AND r.from_minute < d.ends AND r.to_minute > d.starts
      ORDER BY r.store_id IS NULL, r.product_group_id IS NULL, r.priority DESC, r.starts DESC, r.id LIMIT 1), 0)
    + coalesce((
      SELECT sum(r.basis_points) FROM bonus_rate_rule r
      WHERE r.chain_id = c.chain_id AND r.mode = 'add'
        AND (r.store_id IS NULL OR r.store_id = c.store_id)
        AND (r.product_group_id IS NULL OR r.product_group_id = c.group_id)
        AND r.starts < m.ends AND (r.ends IS NULL OR r.ends > m.starts)
        AND r.weekdays & (1 << c.weekday) <> 0 AND r.from_minute < d.ends AND r.to_minute > d.starts), 0))
    END AS basis_points
  FROM (SELECT DISTINCT k.chain_id, k.store_id, k.group_id, k.stretch, k.weekday, k.part FROM classed k) AS c
  CROSS JOIN LATERAL (SELECT x.bounds[c.stretch] AS starts, coalesce(x.bounds[c.stretch + 1], 'infinity') AS ends
                      FROM moment x) AS m
  CROSS JOIN LATERAL (SELECT x.bounds[c.part] AS starts, coalesce(x.bounds[c.part + 1], 1440) AS ends
                      FROM minute x) AS d
  CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM bonus_suspension s WHERE s.chain_id = c.chain_id AND s.what = 'earn'
      AND NOT (s.parked AND s.lifted_at IS NOT NULL) AND s.starts < m.ends AND (s.ends IS NULL OR s.ends > m.starts)
  ) AS suspended) AS q
)

-- name: base
-- What each row earns by its rate, rounded as the programme says. Continues `classes`.
, base AS (
  SELECT e.* FROM (
    SELECT c.subject_id, c.external AS id, c.book_id, c.chain_id, c.event_at, c.state, c.currency, c.expires_on,
           %(issued)s::smallint AS debit, NULL::uuid AS reference,
           CASE c.rounding WHEN 'half_up' THEN (c.amount * r.basis_points + 5000) / 10000
                           WHEN 'half_even' THEN (c.amount * r.basis_points + 5000) / 10000
                                                 - (c.amount * r.basis_points %% 20000 = 5000)::integer
                           WHEN 'up' THEN (c.amount * r.basis_points + 9999) / 10000
                           ELSE c.amount * r.basis_points / 10000 END AS bonus
    FROM classed c
    JOIN rated r ON r.chain_id = c.chain_id AND r.store_id = c.store_id AND r.group_id = c.group_id
                AND r.stretch = c.stretch AND r.weekday = c.weekday AND r.part = c.part
  ) AS e
  WHERE e.bonus > 0
)

-- name: by_rates
-- What is posted where no offer is made: what the rates give. Continues `base`.
, earned AS MATERIALIZED (
  SELECT * FROM base b ORDER BY b.subject_id, b.id
)

-- name: by_rates_and_offers
-- What is posted where offers are made: what the rates give, and what `offer_row` says that offers give more. One posting
-- for both: people's accounts are locked once and in order. Continues `base`.
, earned AS MATERIALIZED (
  SELECT * FROM base
  UNION ALL
  SELECT o.subject_id, md5('offer:' || o.id || ':' || o.version)::uuid, o.book_id, o.chain_id, o.event_at, o.state,
         h.currency, o.expires_on, %(offered)s::smallint, o.id, o.diff
  FROM offer_row o JOIN purchases_chain h ON h.id = o.chain_id WHERE o.diff > 0
  ORDER BY 1, 2
)

-- name: post
-- Posts `earned`. A purchase's transfer has its id. Returns currency, transfers and amount, a row for each currency.
, posted AS MATERIALIZED (
  SELECT ledger_post(
    array_agg(e.subject_id), array_agg(e.id), array_agg(e.book_id), array_agg(e.bonus), array_agg(e.debit),
    array_fill(NULL::date, ARRAY[count(*)::integer]), array_fill(%(lot)s::smallint, ARRAY[count(*)::integer]),
    array_agg(e.expires_on), array_agg(e.event_at), array_agg(e.reference), array_agg(e.state), %(batch)s) AS ids
  FROM earned e HAVING count(*) > 0 AND set_config('application_name', %(phase)s, false) <> ''
)
SELECT e.currency, count(*), sum(e.bonus) FROM earned e WHERE EXISTS (SELECT FROM posted) GROUP BY e.currency

-- name: repay
-- Debt of the people in `intake_row` is repaid from what they earned: debt first. Returns how many debts.
SELECT ledger_settle(array_agg(d.subject_id), array_agg(d.book_id), %(lot)s::smallint, %(debt)s::smallint, %(on)s::date,
                     %(at)s, %(batch)s)
FROM (
  SELECT DISTINCT i.subject_id, p.book_id
  FROM intake_row i JOIN bonus_programme p ON p.chain_id = i.chain_id
  JOIN ledger_balance b ON b.subject_id = i.subject_id AND b.book_id = p.book_id AND b.kind = %(debt)s
  WHERE i.earns AND b.kind >= 200 AND b.balance < 0
) AS d
HAVING count(*) > 0

-- name: claw_back
-- Takes back what the refunds of `refund_row` were paid in bonus: of the purchase's bonus the part that falls on the
-- refund, exactly all of it when everything was refunded; what a correction of that purchase gave or took counts. And
-- what `offer_row` says that offers gave too much, for the same or another reason. From the lot it went to, then the
-- oldest, then as debt. What expired unused was never the person's gain: so much of the lot's expiry is undone first,
-- and nothing else is taken.
WITH back AS MATERIALIZED (
  SELECT c.*, sum(c.back) OVER (PARTITION BY c.subject_id, c.book_id, c.lot ORDER BY c.key
                                ROWS UNBOUNDED PRECEDING) - c.back AS before
  FROM (
    SELECT r.subject_id, r.refund_id AS key, t.book_id, t.credit_expires AS lot, r.event_at, t.state,
           (round(e.earned * r.taken_after / r.amount) - round(e.earned * r.taken_before / r.amount))::bigint AS back
    FROM refund_row r
    JOIN ledger_transfer t ON t.subject_id = r.subject_id AND t.id = r.purchase_id AND t.credit_kind = %(lot)s
    CROSS JOIN LATERAL (
      SELECT greatest(0, t.amount + coalesce(sum(k.amount), 0)) AS earned FROM bonus_correction k
      WHERE k.subject_id = t.subject_id AND k.purchase_id = t.id
    ) AS e
    WHERE NOT r.settled
    UNION ALL
    SELECT o.subject_id, md5('offer-back:' || o.id || ':' || o.version)::uuid, o.book_id, o.expires_on, o.event_at,
           o.state, -o.diff
    FROM offer_row o WHERE o.diff < 0
  ) AS c
  WHERE c.back > 0
), expired AS (
  SELECT d.subject_id, d.book_id, d.lot, e.amount
  FROM (SELECT DISTINCT b.subject_id, b.book_id, b.lot FROM back b WHERE b.lot <= %(on)s::date) AS d
  CROSS JOIN LATERAL (
    SELECT sum(CASE WHEN t.credit_kind = %(expired)s THEN t.amount ELSE -t.amount END) AS amount
    FROM ledger_transfer t
    WHERE t.subject_id = d.subject_id AND t.book_id = d.book_id
      AND ((t.debit_kind, t.debit_expires, t.credit_kind) = (%(lot)s, d.lot, %(expired)s)
           OR (t.debit_kind, t.credit_kind, t.credit_expires) = (%(expired)s, %(lot)s, d.lot))
  ) AS e
), undone AS MATERIALIZED (
  SELECT ledger_post(
    array_agg(u.subject_id), array_agg(md5('expiry-undone:' || u.key)::uuid), array_agg(u.book_id),
    array_agg(u.amount), array_fill(%(expired)s::smallint, ARRAY[count(*)::integer]),
    array_fill(NULL::date, ARRAY[count(*)::integer]), array_fill(%(lot)s::smallint, ARRAY[count(*)::integer]),
    array_agg(u.lot), array_agg(u.event_at), array_agg(u.key), array_agg(u.state), %(batch)s) AS ids
  FROM (
    SELECT b.subject_id, b.key, b.book_id, b.lot, b.event_at, b.state,
           least(b.back, e.amount - b.before)::bigint AS amount
    FROM back b JOIN expired e ON e.subject_id = b.subject_id AND e.book_id = b.book_id AND e.lot = b.lot
    WHERE e.amount > b.before
  ) AS u
  HAVING count(*) > 0
)
SELECT count(DISTINCT w.key), coalesce(sum(w.amount), 0)
FROM (
  SELECT array_agg(b.subject_id) AS subjects, array_agg(b.key) AS keys, array_agg(b.book_id) AS books,
         array_agg(b.back) AS amounts, array_agg(b.lot) AS lots, array_agg(b.event_at) AS event_at,
         array_agg(b.state) AS states
  FROM back b CROSS JOIN (SELECT count(*) FROM undone) AS after_that
) AS d
CROSS JOIN LATERAL ledger_draw(d.subjects, d.keys, d.books, d.amounts, d.lots, d.event_at, d.states, %(lot)s::smallint,
                               %(corrected)s::smallint, %(debt)s::smallint, NULL::smallint, %(on)s::date, %(batch)s) AS w
WHERE d.subjects IS NOT NULL
