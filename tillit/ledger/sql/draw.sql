-- name: ledger_draw
-- Takes amounts out of people's holdings of kind `in_from`, the account in `in_prefer` first where one is named, then
-- oldest expiry first, into `in_credit` (a holding keeps the lot's expiry). What the holdings lack is taken from the
-- owing `in_short`; where that is NULL the whole call is refused (TL004), counting the owing `in_less` against them.
-- Accounts that have expired by `in_on` are passed over unless they are preferred. Each draw is known by its key: the
-- parts refer to it and their ids follow from it, so a repeat with the same amount is nothing new and another amount is
-- refused (TL001). Returns every part of every draw, new or not.
CREATE FUNCTION ledger_draw(
  in_subjects bigint[], in_keys uuid[], in_books integer[], in_amounts bigint[], in_prefer date[],
  in_event_at timestamptz[], in_states smallint[], in_from smallint, in_credit smallint, in_short smallint,
  in_less smallint, in_on date, in_batch bigint)
RETURNS TABLE (key uuid, id uuid, kind smallint, expires_on date, amount bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  p record;
BEGIN
  IF cardinality(in_subjects) = 1 AND NOT EXISTS (
    SELECT FROM ledger_transfer f WHERE f.subject_id = in_subjects[1] AND f.id = md5(in_keys[1] || ':1')::uuid
  ) THEN
    RETURN QUERY SELECT in_keys[1], o.id, o.kind, o.expires_on, o.amount
    FROM ledger_draw_one(in_subjects[1], in_keys[1], in_books[1], in_amounts[1], in_prefer[1], in_event_at[1],
                         in_states[1], in_from, in_credit, in_short, in_less, in_on, in_batch) AS o;
    RETURN;
  END IF;
  PERFORM ledger_guard(in_subjects, in_books, in_states);
  PERFORM FROM ledger_balance b
  JOIN (SELECT DISTINCT a.subject_id, a.book_id FROM unnest(in_subjects, in_books) AS a(subject_id, book_id)) AS d
    ON b.subject_id = d.subject_id AND b.id >= ledger_account(d.book_id, 0::smallint, date '2000-01-01')
   AND b.id < ledger_account(d.book_id + 1, 0::smallint, date '2000-01-01')
  WHERE b.kind IN (in_from, in_short, in_less)
  ORDER BY b.subject_id, b.id FOR UPDATE OF b;
  IF EXISTS (
    SELECT FROM unnest(in_subjects, in_keys, in_books, in_amounts) AS a(subject_id, key, book_id, amount)
    JOIN ledger_transfer f ON f.subject_id = a.subject_id AND f.id = md5(a.key || ':1')::uuid
    JOIN ledger_transfer t ON t.subject_id = a.subject_id AND t.reference = a.key
    GROUP BY a.subject_id, a.key, a.book_id, a.amount
    HAVING sum(t.amount) <> a.amount OR bool_or(t.credit_kind <> in_credit OR t.book_id <> a.book_id)
  ) THEN
    RAISE EXCEPTION 'the natural key was used with another content' USING ERRCODE = 'TL001';
  END IF;
  WITH asked AS MATERIALIZED (
    SELECT a.*, sum(a.amount) OVER same_lot - a.amount AS lot_before
    FROM unnest(in_subjects, in_keys, in_books, in_amounts, in_prefer, in_event_at, in_states)
      AS a(subject_id, key, book_id, amount, prefer, event_at, state)
    WHERE NOT EXISTS (SELECT FROM ledger_transfer f WHERE f.subject_id = a.subject_id AND f.id = md5(a.key || ':1')::uuid)
    WINDOW same_lot AS (PARTITION BY a.subject_id, a.book_id, a.prefer ORDER BY a.key ROWS UNBOUNDED PRECEDING)
  ), lots AS MATERIALIZED (
    SELECT b.subject_id, b.book_id, b.expires_on, b.balance
    FROM (SELECT DISTINCT s.subject_id, s.book_id FROM asked s) AS d
    JOIN ledger_balance b ON b.subject_id = d.subject_id AND b.id >= ledger_account(d.book_id, in_from, date '2000-01-01')
     AND b.id <= ledger_account(d.book_id, in_from, date '9999-12-31')
    WHERE b.balance > 0
  ), own AS MATERIALIZED (
    SELECT s.subject_id, s.key, s.book_id, l.expires_on, least(s.amount, l.balance - s.lot_before) AS amount
    FROM asked s JOIN lots l ON l.subject_id = s.subject_id AND l.book_id = s.book_id AND l.expires_on = s.prefer
    WHERE l.balance > s.lot_before
  ), rest AS MATERIALIZED (
    SELECT r.*, sum(r.amount) OVER (PARTITION BY r.subject_id, r.book_id ORDER BY r.key
                                    ROWS UNBOUNDED PRECEDING) - r.amount AS before
    FROM (SELECT s.subject_id, s.key, s.book_id, s.amount - coalesce(o.amount, 0) AS amount
          FROM asked s LEFT JOIN own o ON o.subject_id = s.subject_id AND o.key = s.key) AS r
    WHERE r.amount > 0
  ), left_over AS MATERIALIZED (
    SELECT l.*, sum(l.balance) OVER (PARTITION BY l.subject_id, l.book_id ORDER BY l.expires_on) - l.balance AS before
    FROM (SELECT l.subject_id, l.book_id, l.expires_on, l.balance - coalesce(sum(o.amount), 0) AS balance
          FROM lots l LEFT JOIN own o USING (subject_id, book_id, expires_on)
          WHERE l.expires_on > in_on GROUP BY l.subject_id, l.book_id, l.expires_on, l.balance) AS l
    WHERE l.balance > 0
  ), others AS MATERIALIZED (
    SELECT r.subject_id, r.key, r.book_id, l.expires_on,
           least(r.before + r.amount, l.before + l.balance) - greatest(r.before, l.before) AS amount
    FROM rest r JOIN left_over l ON l.subject_id = r.subject_id AND l.book_id = r.book_id
     AND l.before < r.before + r.amount AND r.before < l.before + l.balance
  ), lacking AS (
    SELECT r.subject_id, r.key, r.book_id, r.amount - coalesce(sum(o.amount), 0) AS amount
    FROM rest r LEFT JOIN others o ON o.subject_id = r.subject_id AND o.key = r.key
    GROUP BY r.subject_id, r.key, r.book_id, r.amount HAVING r.amount > coalesce(sum(o.amount), 0)
  ), parts AS (
    SELECT o.subject_id, o.key, o.book_id, in_from AS kind, o.expires_on, o.amount FROM own o
    UNION ALL SELECT o.subject_id, o.key, o.book_id, in_from, o.expires_on, o.amount FROM others o
    UNION ALL SELECT l.subject_id, l.key, l.book_id, in_short, date '9999-12-31', l.amount FROM lacking l
  ), numbered AS (
    SELECT q.subject_id, q.key, q.book_id, q.kind, q.expires_on, q.amount::bigint AS amount, s.event_at, s.state,
           md5(q.key || ':' || row_number() OVER (PARTITION BY q.subject_id, q.key ORDER BY q.kind, q.expires_on))::uuid
             AS id
    FROM (SELECT x.subject_id, x.key, x.book_id, x.kind, x.expires_on, sum(x.amount) AS amount
          FROM parts x GROUP BY 1, 2, 3, 4, 5) AS q
    JOIN asked s ON s.subject_id = q.subject_id AND s.key = q.key
  )
  SELECT array_agg(n.subject_id) AS subjects, array_agg(n.id) AS ids, array_agg(n.book_id) AS books,
         array_agg(n.amount) AS amounts, array_agg(n.kind) AS kinds, array_agg(n.expires_on) AS expires,
         array_agg(in_credit) AS credits,
         array_agg(CASE WHEN in_credit >= 200 THEN date '9999-12-31' WHEN in_credit >= 100 THEN n.expires_on END)
           AS credit_expires,
         array_agg(n.event_at) AS event_at, array_agg(n.key) AS keys, array_agg(n.state) AS states,
         bool_or(n.kind IS NULL) AS lacking,
         in_short IS NULL AND EXISTS (
           SELECT FROM (SELECT DISTINCT s.subject_id, s.book_id FROM asked s) AS d
           JOIN ledger_balance owed ON owed.subject_id = d.subject_id
             AND owed.id = ledger_account(d.book_id, in_less, date '9999-12-31')
           WHERE owed.balance < 0
             AND (SELECT coalesce(sum(l.balance), 0) FROM lots l WHERE l.subject_id = d.subject_id
                  AND l.book_id = d.book_id AND l.expires_on > in_on) + owed.balance
               < (SELECT sum(s.amount) FROM asked s WHERE s.subject_id = d.subject_id AND s.book_id = d.book_id)
         ) AS owing
  INTO p FROM numbered n;
  IF p.lacking OR p.owing THEN
    RAISE EXCEPTION 'the accounts do not hold the amount' USING ERRCODE = 'TL004';
  END IF;
  IF p.subjects IS NOT NULL THEN
    PERFORM ledger_post(p.subjects, p.ids, p.books, p.amounts, p.kinds, p.expires, p.credits, p.credit_expires,
                        p.event_at, p.keys, p.states, in_batch);
  END IF;
  RETURN QUERY
    SELECT t.reference, t.id, t.debit_kind, t.debit_expires, t.amount
    FROM unnest(in_subjects, in_keys) AS a(subject_id, key)
    JOIN ledger_transfer t ON t.subject_id = a.subject_id AND t.reference = a.key AND t.credit_kind = in_credit;
END
$$

-- name: ledger_settle
-- Repays the owings of kind `in_debt` of the (subject, book) pairs from their holdings of kind `in_from`, oldest first.
-- The key of each repayment follows from the owing's version. Returns how many owings were repaid in part or in whole.
CREATE FUNCTION ledger_settle(
  in_subjects bigint[], in_books integer[], in_from smallint, in_debt smallint, in_on date, in_event_at timestamptz,
  in_batch bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  p record;
BEGIN
  PERFORM ledger_guard(in_subjects, '{}', '{}');
  SELECT array_agg(o.subject_id) AS subjects, array_agg(o.book_id) AS books
  INTO p
  FROM (SELECT DISTINCT a.subject_id, a.book_id FROM unnest(in_subjects, in_books) AS a(subject_id, book_id)) AS d
  JOIN ledger_balance o ON o.subject_id = d.subject_id
   AND o.id = ledger_account(d.book_id, in_debt, date '9999-12-31')
  WHERE o.balance < 0;
  IF p.subjects IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM FROM ledger_balance b
  JOIN unnest(p.subjects, p.books) AS d(subject_id, book_id)
    ON b.subject_id = d.subject_id AND b.id >= ledger_account(d.book_id, 0::smallint, date '2000-01-01')
   AND b.id < ledger_account(d.book_id + 1, 0::smallint, date '2000-01-01')
  WHERE b.kind IN (in_from, in_debt)
  ORDER BY b.subject_id, b.id FOR UPDATE OF b;
  SELECT array_agg(r.subject_id) AS subjects, array_agg(md5(concat_ws(':', 'settle', r.book_id, r.kind, r.version))::uuid)
           AS keys, array_agg(r.book_id) AS books, array_agg(least(-r.balance, r.held)::bigint) AS amounts,
         array_agg(NULL::date) AS prefer, array_agg(in_event_at) AS event_at, array_agg(r.state) AS states
  INTO p
  FROM (
    SELECT o.*, (SELECT coalesce(sum(b.balance), 0) FROM ledger_balance b WHERE b.subject_id = o.subject_id
                 AND b.book_id = o.book_id AND b.kind = in_from AND b.expires_on > in_on) AS held
    FROM unnest(p.subjects, p.books) AS d(subject_id, book_id)
    JOIN ledger_balance o ON o.subject_id = d.subject_id AND o.book_id = d.book_id AND o.kind = in_debt
    WHERE o.balance < 0
  ) AS r
  WHERE r.held > 0;
  IF p.subjects IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM ledger_draw(p.subjects, p.keys, p.books, p.amounts, p.prefer, p.event_at, p.states, in_from, in_debt, NULL,
                      NULL, in_on, in_batch);
  RETURN cardinality(p.subjects);
END
$$

-- name: ledger_sweep
-- Empties holdings of kind `in_kind` in a book that have expired by `in_on` into `in_credit`, for the subjects named or,
-- when that is NULL, for the next `in_limit` accounts behind `in_after` in order of subject. The ids follow from account
-- and version. Returns the last subject swept, how many accounts, and the amount; no row when there is nothing left.
CREATE FUNCTION ledger_sweep(
  in_book integer, in_kind smallint, in_credit smallint, in_on date, in_event_at timestamptz, in_subjects bigint[],
  in_after bigint, in_limit integer, in_batch bigint)
RETURNS TABLE (last_subject bigint, accounts bigint, amount numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  p record;
BEGIN
  SELECT array_agg(l.subject_id) AS subjects, array_agg(l.book_id) AS books, array_agg(l.balance) AS amounts,
         array_agg(md5(concat_ws(':', 'sweep', l.id, l.version))::uuid) AS ids, array_agg(l.kind) AS kinds,
         array_agg(l.expires_on) AS expires, array_agg(in_credit) AS credits, array_agg(NULL::date) AS none,
         array_agg(in_event_at) AS event_at, array_agg(NULL::uuid) AS no_reference, array_agg(l.state) AS states,
         max(l.subject_id) AS last, count(*) AS n, sum(l.balance) AS total
  INTO p
  FROM (
    SELECT b.* FROM ledger_balance b
    WHERE b.book_id = in_book AND b.kind = in_kind AND b.expires_on <= in_on AND b.balance > 0
      AND (in_subjects IS NULL OR b.subject_id = ANY (in_subjects)) AND b.subject_id > in_after
    ORDER BY b.subject_id, b.id LIMIT in_limit FOR UPDATE
  ) AS l;
  IF p.n = 0 THEN
    RETURN;
  END IF;
  PERFORM ledger_post(p.subjects, p.ids, p.books, p.amounts, p.kinds, p.expires, p.credits, p.none, p.event_at,
                      p.no_reference, p.states, in_batch);
  RETURN QUERY SELECT p.last, p.n, p.total;
END
$$
