-- name: ledger_close
-- Closes a month of a book: the sums of its transfers by account kind are added to its closing. Waits for postings under
-- way and refuses (TL003) a month that has not passed or was closed. Returns the number of transfers closed.
CREATE FUNCTION ledger_close(in_book integer, in_period date)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  book ledger_book;
  closed bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(1818584167, in_book);
  SELECT * INTO book FROM ledger_book b WHERE b.id = in_book;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such book' USING ERRCODE = 'TL005';
  END IF;
  IF NOT book.controller_id::integer * 4 = ANY (tillit_keys(book.category, 2)) THEN
    RAISE EXCEPTION 'the scope may not write this book' USING ERRCODE = 'TL002';
  END IF;
  IF in_period <> date_trunc('month', in_period)::date
     OR (in_period + interval '1 month') AT TIME ZONE book.zone > tillit_now()
     OR EXISTS (SELECT FROM ledger_closing c WHERE c.book_id = in_book AND c.period = in_period
                AND c.closed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the month has not passed or is closed' USING ERRCODE = 'TL003';
  END IF;
  INSERT INTO ledger_closing AS c (book_id, period, kind, debit, credit, transfers, closed_at)
  SELECT in_book, in_period, k.id, coalesce(e.debit, 0), coalesce(e.credit, 0), coalesce(e.n, 0), tillit_now()
  FROM ledger_account_kind k
  LEFT JOIN (
    SELECT v.kind, sum(v.debit) AS debit, sum(v.credit) AS credit, count(*) AS n
    FROM ledger_transfer t
    CROSS JOIN LATERAL (VALUES (t.debit_kind, t.amount, 0::bigint), (t.credit_kind, 0::bigint, t.amount))
      AS v(kind, debit, credit)
    WHERE t.book_id = in_book AND t.recorded_at >= in_period::timestamp AT TIME ZONE book.zone
      AND t.recorded_at < (in_period + interval '1 month') AT TIME ZONE book.zone
    GROUP BY v.kind
  ) AS e ON e.kind = k.id
  ON CONFLICT (book_id, period, kind) DO UPDATE
  SET debit = c.debit + excluded.debit, credit = c.credit + excluded.credit,
      transfers = c.transfers + excluded.transfers, closed_at = excluded.closed_at;
  SELECT coalesce(sum(c.transfers), 0) / 2 INTO closed FROM ledger_closing c
  WHERE c.book_id = in_book AND c.period = in_period;
  RETURN closed;
END
$$

-- name: ledger_dispose
-- Deletes transfers by (subject, id) pairs, the sums of those in open months first folded into closings, and carries what
-- they moved on the balances that remain. For the scopes that may delete (retention, rights). Returns how many went.
CREATE FUNCTION ledger_dispose(in_subjects bigint[], in_ids text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found record;
  gone bigint;
BEGIN
  SELECT array_agg(t.subject_id ORDER BY t.subject_id, t.id) AS subjects, array_agg(t.id ORDER BY t.subject_id, t.id) AS ids,
         array_agg(DISTINCT t.book_id) AS books
  INTO found
  FROM unnest(in_subjects, in_ids::uuid[]) AS a(subject_id, id)
  JOIN ledger_transfer t ON t.subject_id = a.subject_id AND t.id = a.id
  JOIN ledger_book b ON b.id = t.book_id
  WHERE t.controller_id * 4 + t.state = ANY (tillit_keys(b.category, 4))
    AND (tillit_any_subject() OR t.subject_id = ANY (tillit_subjects()));
  IF found.ids IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(1818584167, book) FROM (SELECT unnest(found.books) AS book ORDER BY 1) AS ordered;
  PERFORM FROM ledger_balance b WHERE b.subject_id = ANY (found.subjects) ORDER BY b.subject_id, b.id FOR UPDATE;
  WITH removed AS (
    DELETE FROM ledger_transfer t USING unnest(found.subjects, found.ids) AS a(subject_id, id)
    WHERE t.subject_id = a.subject_id AND t.id = a.id RETURNING t.*
  ), folded AS (
    INSERT INTO ledger_closing AS c (book_id, period, kind, debit, credit, transfers)
    SELECT e.book_id, e.period, e.kind, sum(e.debit), sum(e.credit), count(*)
    FROM (SELECT r.*, date_trunc('month', r.recorded_at AT TIME ZONE b.zone)::date AS period
          FROM removed r JOIN ledger_book b ON b.id = r.book_id) AS t
    CROSS JOIN LATERAL (VALUES (t.book_id, t.period, t.debit_kind, t.amount, 0::bigint),
                               (t.book_id, t.period, t.credit_kind, 0::bigint, t.amount))
      AS e(book_id, period, kind, debit, credit)
    WHERE NOT EXISTS (SELECT FROM ledger_closing d WHERE d.book_id = e.book_id AND d.period = e.period
                      AND d.closed_at IS NOT NULL)
    GROUP BY e.book_id, e.period, e.kind ORDER BY e.book_id, e.period, e.kind
    ON CONFLICT (book_id, period, kind) DO UPDATE
    SET debit = c.debit + excluded.debit, credit = c.credit + excluded.credit, transfers = c.transfers + excluded.transfers
  ), moved AS (
    SELECT v.subject_id, v.id, sum(v.amount)::bigint AS amount
    FROM removed t
    CROSS JOIN LATERAL (
      VALUES (t.subject_id, ledger_account(t.book_id, t.credit_kind, t.credit_expires),
              t.amount),
             (t.subject_id, ledger_account(t.book_id, t.debit_kind, t.debit_expires),
              -t.amount)) AS v(subject_id, id, amount)
    WHERE v.id IS NOT NULL GROUP BY v.subject_id, v.id
  ), carried AS (
    UPDATE ledger_balance b SET carried = b.carried + m.amount FROM moved m
    WHERE b.subject_id = m.subject_id AND b.id = m.id
  )
  SELECT count(*) INTO gone FROM removed;
  RETURN gone;
END
$$

-- name: ledger_dispose_balances
-- Deletes balances by (subject, id) pairs. What they still hold is written off in the closing of the present month, so
-- that the sums over everyone stay true. Returns how many went.
CREATE FUNCTION ledger_dispose_balances(in_subjects bigint[], in_ids text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(1818584167, book) FROM (
    SELECT DISTINCT b.book_id AS book FROM unnest(in_subjects, in_ids::bigint[]) AS a(subject_id, id)
    JOIN ledger_balance b ON b.subject_id = a.subject_id AND b.id = a.id ORDER BY 1) AS ordered;
  PERFORM FROM ledger_balance b WHERE b.subject_id = ANY (in_subjects) ORDER BY b.subject_id, b.id FOR UPDATE;
  WITH removed AS (
    DELETE FROM ledger_balance x USING unnest(in_subjects, in_ids::bigint[]) AS a(subject_id, id), ledger_book b
    WHERE x.subject_id = a.subject_id AND x.id = a.id AND b.id = x.book_id
      AND x.controller_id * 4 + x.state = ANY (tillit_keys(b.category, 4))
      AND (tillit_any_subject() OR x.subject_id = ANY (tillit_subjects()))
    RETURNING x.book_id, x.kind, x.balance, date_trunc('month', tillit_now() AT TIME ZONE b.zone)::date AS period
  ), written_off AS (
    INSERT INTO ledger_closing AS c (book_id, period, kind, debit, credit, transfers)
    SELECT v.book_id, v.period, v.kind, sum(greatest(v.amount, 0)), sum(greatest(-v.amount, 0)), count(*)
    FROM removed r
    CROSS JOIN LATERAL (VALUES (r.book_id, r.period, r.kind, r.balance), (r.book_id, r.period, 6::smallint, -r.balance))
      AS v(book_id, period, kind, amount)
    WHERE v.amount <> 0 GROUP BY v.book_id, v.period, v.kind
    ON CONFLICT (book_id, period, kind) DO UPDATE
    SET debit = c.debit + excluded.debit, credit = c.credit + excluded.credit, transfers = c.transfers + excluded.transfers
  )
  SELECT count(*) INTO gone FROM removed;
  RETURN gone;
END
$$

-- name: ledger_trial_balance
-- Per book and account kind: what moved in closings and open months (credit less debit), and for personal kinds the sum
-- of the balances that stand. Sums over everyone, whatever the scope: no figure of one person.
CREATE FUNCTION ledger_trial_balance()
RETURNS TABLE (book_id integer, currency varchar, kind smallint, moved numeric, standing numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH movement AS (
    SELECT c.book_id, c.kind, c.credit - c.debit AS amount FROM ledger_closing c
    UNION ALL
    SELECT v.book_id, v.kind, v.amount
    FROM ledger_transfer t JOIN ledger_book b ON b.id = t.book_id
    CROSS JOIN LATERAL (VALUES (t.book_id, t.debit_kind, -t.amount), (t.book_id, t.credit_kind, t.amount))
      AS v(book_id, kind, amount)
    WHERE NOT EXISTS (SELECT FROM ledger_closing c WHERE c.book_id = t.book_id AND c.closed_at IS NOT NULL
                      AND c.period = date_trunc('month', t.recorded_at AT TIME ZONE b.zone)::date)
  ), moved AS (
    SELECT m.book_id, m.kind, sum(m.amount) AS amount FROM movement m GROUP BY m.book_id, m.kind
  ), standing AS (
    SELECT a.book_id, a.kind, sum(a.balance) AS amount FROM ledger_balance a GROUP BY a.book_id, a.kind
  )
  SELECT b.id, b.currency, k.id, coalesce(m.amount, 0),
         CASE WHEN k.personal THEN coalesce(s.amount, 0) END
  FROM ledger_book b CROSS JOIN ledger_account_kind k
  LEFT JOIN moved m ON m.book_id = b.id AND m.kind = k.id
  LEFT JOIN standing s ON s.book_id = b.id AND s.kind = k.id
  WHERE m.kind IS NOT NULL OR s.kind IS NOT NULL
  ORDER BY b.id, k.id
$$

-- name: ledger_unexplained
-- How many balances differ from what they carry plus their transfers, and how many accounts with transfers have none.
CREATE FUNCTION ledger_unexplained()
RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH history AS (
    SELECT v.subject_id, v.id, sum(v.amount) AS amount
    FROM ledger_transfer t
    CROSS JOIN LATERAL (
      VALUES (t.subject_id, ledger_account(t.book_id, t.credit_kind, t.credit_expires),
              t.amount),
             (t.subject_id, ledger_account(t.book_id, t.debit_kind, t.debit_expires),
              -t.amount)) AS v(subject_id, id, amount)
    WHERE v.id IS NOT NULL GROUP BY v.subject_id, v.id
  )
  SELECT count(*) FROM history h FULL JOIN ledger_balance b ON b.subject_id = h.subject_id AND b.id = h.id
  WHERE b.id IS NULL OR b.balance <> b.carried + coalesce(h.amount, 0)
$$
