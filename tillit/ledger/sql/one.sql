-- One person's draw or conclusion, as a till asks for it: scalars throughout, so that plans are made once a session and
-- kept. Called by the functions of post.sql and draw.sql and run with their rights: by itself, the application may write
-- nothing through these.

-- name: ledger_guard_one
-- `ledger_guard` for one person and book; returns the book's controller, currency and category.
CREATE FUNCTION ledger_guard_one(
  in_subject bigint, in_book integer, in_state smallint, OUT controller_id integer, OUT currency text,
  OUT category smallint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  book record;
  named text := coalesce(current_setting('tillit.subjects', true), '');
BEGIN
  SELECT b.controller_id, b.currency, b.category, b.zone INTO book FROM ledger_book b WHERE b.id = in_book;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such book' USING ERRCODE = 'TL005';
  END IF;
  IF book.controller_id * 4 + in_state = ANY (tillit_keys(book.category, 2)) IS NOT TRUE THEN
    RAISE EXCEPTION 'the scope may not write this book' USING ERRCODE = 'TL002';
  END IF;
  PERFORM pg_advisory_xact_lock_shared(1818584167, in_book);
  IF EXISTS (SELECT FROM ledger_closing c WHERE c.book_id = in_book AND c.closed_at IS NOT NULL
             AND c.period = date_trunc('month', tillit_now() AT TIME ZONE book.zone)::date) THEN
    RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'TL003';
  END IF;
  IF named <> '*' THEN
    IF in_subject = ANY (nullif(named, '')::bigint[]) IS NOT TRUE AND in_subject <> ALL (tillit_subjects()) THEN
      RAISE EXCEPTION 'the scope may not write this person' USING ERRCODE = 'TL002';
    END IF;
  END IF;
  controller_id := book.controller_id;
  currency := book.currency;
  category := book.category;
END
$$

-- name: ledger_put
-- Posts one transfer between accounts that its caller has guarded; false when it stands already, TL001 when its key
-- stands with another content, TL004 when an account does not hold the amount. Accounts are touched in order.
CREATE FUNCTION ledger_put(
  in_subject bigint, in_id uuid, in_book integer, in_controller integer, in_currency text, in_category smallint,
  in_amount bigint,
  in_debit_kind smallint, in_debit_expires date, in_credit_kind smallint, in_credit_expires date,
  in_event_at timestamptz, in_reference uuid, in_state smallint, in_batch bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  recorded timestamptz := tillit_now();
  accounts bigint[] := '{}';
  account bigint;
  of_kind smallint;
  moved bigint;
BEGIN
  INSERT INTO ledger_transfer (subject_id, id, event_at, recorded_at, amount, batch_id, controller_id, book_id,
                               debit_expires, credit_expires, debit_kind, credit_kind, state, currency, reference,
                               category)
  VALUES (in_subject, in_id, in_event_at, recorded, in_amount, in_batch, in_controller, in_book, in_debit_expires,
          in_credit_expires, in_debit_kind, in_credit_kind, in_state, in_currency, in_reference, in_category)
  ON CONFLICT (subject_id, id) DO NOTHING;
  IF NOT FOUND THEN
    IF EXISTS (
      SELECT FROM ledger_transfer t WHERE t.subject_id = in_subject AND t.id = in_id
        AND (t.book_id, t.amount, t.debit_kind, t.debit_expires, t.credit_kind, t.credit_expires, t.event_at,
             t.reference) IS NOT DISTINCT FROM
            (in_book, in_amount, in_debit_kind, in_debit_expires, in_credit_kind, in_credit_expires, in_event_at,
             in_reference)
    ) THEN
      RETURN false;
    END IF;
    RAISE EXCEPTION 'the natural key was used with another content' USING ERRCODE = 'TL001';
  END IF;
  IF in_debit_kind >= 100 THEN
    accounts := ARRAY[ledger_account(in_book, in_debit_kind, in_debit_expires)];
  END IF;
  IF in_credit_kind >= 100 THEN
    account := ledger_account(in_book, in_credit_kind, in_credit_expires);
    accounts := CASE WHEN account < accounts[1] THEN account || accounts ELSE accounts || account END;
  END IF;
  FOREACH account IN ARRAY accounts LOOP
    of_kind := (account >> 24 & 65535)::smallint;
    moved := CASE WHEN account = ledger_account(in_book, in_credit_kind, in_credit_expires) THEN in_amount
                  ELSE -in_amount END;
    UPDATE ledger_balance b SET balance = b.balance + moved, version = b.version + 1, recorded_at = recorded,
      state = CASE WHEN b.state < 2 THEN b.state ELSE in_state END  -- in use again: out of the archive
    WHERE b.subject_id = in_subject AND b.id = account
      AND CASE WHEN of_kind < 200 THEN b.balance + moved >= 0 ELSE b.balance + moved <= 0 END;
    CONTINUE WHEN FOUND;
    IF (of_kind < 200) <> (moved > 0)
       OR EXISTS (SELECT FROM ledger_balance b WHERE b.subject_id = in_subject AND b.id = account) THEN
      RAISE EXCEPTION 'the account does not hold the amount' USING ERRCODE = 'TL004';
    END IF;
    INSERT INTO ledger_balance AS b (subject_id, id, balance, carried, recorded_at, version, controller_id, book_id,
                                     expires_on, kind, state, currency, category)
    VALUES (in_subject, account, moved, 0, recorded, 1, in_controller, in_book,
            date '2000-01-01' + (account & 16777215)::integer, of_kind, in_state, in_currency, in_category)
    ON CONFLICT (subject_id, id) DO UPDATE
      SET balance = b.balance + excluded.balance, version = b.version + 1, recorded_at = recorded;
  END LOOP;
  RETURN true;
END
$$

-- name: ledger_draw_one
-- Draws for one person and key that is new, as `ledger_draw` does for many: the person's lots are locked and walked
-- through once, in order.
CREATE FUNCTION ledger_draw_one(
  in_subject bigint, in_key uuid, in_book integer, in_amount bigint, in_prefer date, in_event_at timestamptz,
  in_state smallint, in_from smallint, in_credit smallint, in_short smallint, in_less smallint, in_on date,
  in_batch bigint)
RETURNS TABLE (id uuid, kind smallint, expires_on date, amount bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  lot record;
  days date[] := '{}';
  held bigint[] := '{}';
  preferred bigint := 0;
  remaining bigint := in_amount;
  usable bigint := 0;
  owed bigint := 0;
  part bigint;
  parts integer := 0;
  book record;
  ids uuid[] := '{}';
  kinds smallint[] := '{}';
  expires date[] := '{}';
  amounts bigint[] := '{}';
BEGIN
  book := ledger_guard_one(in_subject, in_book, in_state);
  FOR lot IN
    SELECT b.kind AS of, b.expires_on AS day, b.balance FROM ledger_balance b
    WHERE b.subject_id = in_subject AND b.id >= ledger_account(in_book, 0::smallint, date '2000-01-01')
      AND b.id < ledger_account(in_book + 1, 0::smallint, date '2000-01-01') AND b.kind IN (in_from, in_short, in_less)
    ORDER BY b.subject_id, b.id FOR UPDATE
  LOOP
    IF lot.of = in_from AND lot.balance > 0 THEN
      days := days || lot.day;
      held := held || lot.balance;
      IF lot.day > in_on THEN
        usable := usable + lot.balance;
      END IF;
      IF lot.day = in_prefer THEN
        preferred := least(lot.balance, in_amount);
      END IF;
    ELSIF lot.of = in_less THEN
      owed := lot.balance;
    END IF;
  END LOOP;
  IF in_short IS NULL AND owed < 0 AND usable + owed < in_amount THEN
    RAISE EXCEPTION 'the accounts do not hold the amount' USING ERRCODE = 'TL004';
  END IF;
  remaining := in_amount - preferred;
  FOR place IN 1 .. cardinality(days) LOOP
    part := CASE WHEN days[place] = in_prefer THEN preferred
                 WHEN days[place] > in_on THEN least(held[place], remaining) ELSE 0 END;
    IF days[place] IS DISTINCT FROM in_prefer THEN
      remaining := remaining - part;
    END IF;
    IF part > 0 THEN
      parts := parts + 1;
      ids := ids || md5(in_key || ':' || parts)::uuid;
      kinds := kinds || in_from;
      expires := expires || days[place];
      amounts := amounts || part;
    END IF;
  END LOOP;
  IF remaining > 0 THEN
    IF in_short IS NULL THEN
      RAISE EXCEPTION 'the accounts do not hold the amount' USING ERRCODE = 'TL004';
    END IF;
    parts := parts + 1;
    ids := ids || md5(in_key || ':' || parts)::uuid;
    kinds := kinds || in_short;
    expires := expires || date '9999-12-31';
    amounts := amounts || remaining;
  END IF;
  FOR place IN 1 .. parts LOOP
    PERFORM ledger_put(
      in_subject, ids[place], in_book, book.controller_id, book.currency, book.category, amounts[place], kinds[place], expires[place],
      in_credit, CASE WHEN in_credit >= 200 THEN date '9999-12-31' WHEN in_credit >= 100 THEN expires[place] END,
      in_event_at, in_key, in_state, in_batch);
  END LOOP;
  RETURN QUERY SELECT u.id, u.kind, u.expires_on, u.amount
               FROM unnest(ids, kinds, expires, amounts) AS u(id, kind, expires_on, amount);
END
$$

-- name: ledger_parts
-- The parts of a draw, found by their ids, which follow from its key: none of the person's other transfers is looked at.
CREATE FUNCTION ledger_parts(in_subject bigint, in_key uuid)
RETURNS TABLE (book_id integer, debit_kind smallint, debit_expires date, credit_kind smallint, amount bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  place integer := 1;
BEGIN
  LOOP
    RETURN QUERY
      SELECT t.book_id, t.debit_kind, t.debit_expires, t.credit_kind, t.amount FROM ledger_transfer t
      WHERE t.subject_id = in_subject AND t.id = md5(in_key || ':' || place)::uuid;
    EXIT WHEN NOT FOUND;
    place := place + 1;
  END LOOP;
END
$$

-- name: ledger_conclude
-- Ends what a draw reserved under `in_reference`: each part moves from the account it was reserved in to `in_credit`, or
-- back to where it came from when that is NULL. Once: the ids follow from the parts', so a later conclusion of another
-- kind is refused (TL001), and the same one is nothing new. The parts are found by their ids, which follow from the key,
-- so none of the person's other transfers is looked at. Returns the amount that was moved now.
CREATE FUNCTION ledger_conclude(
  in_subject bigint, in_reference uuid, in_credit smallint, in_event_at timestamptz, in_state smallint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  t ledger_transfer;
  parts ledger_transfer[] := '{}';
  place integer := 1;
  done boolean := true;
  total bigint := 0;
  book record;
BEGIN
  LOOP
    SELECT * INTO t FROM ledger_transfer x
    WHERE x.subject_id = in_subject AND x.id = md5(in_reference || ':' || place)::uuid;
    EXIT WHEN NOT FOUND;
    place := place + 1;
    CONTINUE WHEN t.credit_kind < 100;
    parts := parts || t;
    done := done AND EXISTS (
      SELECT FROM ledger_transfer o WHERE o.subject_id = in_subject AND o.id = md5('conclude:' || t.id)::uuid
        AND o.credit_kind = coalesce(in_credit, t.debit_kind));
  END LOOP;
  IF parts = '{}' THEN
    RAISE EXCEPTION 'nothing is reserved under that key' USING ERRCODE = 'TL005';
  ELSIF done THEN
    RETURN 0;
  END IF;
  book := ledger_guard_one(in_subject, parts[1].book_id, in_state);
  IF cardinality(parts) > 1 THEN
    PERFORM FROM ledger_balance b
    WHERE b.subject_id = in_subject AND b.id IN (
      SELECT ledger_account(p.book_id, a.kind, a.expires_on) FROM unnest(parts) AS p
      CROSS JOIN LATERAL (VALUES (p.debit_kind, p.debit_expires), (p.credit_kind, p.credit_expires))
        AS a(kind, expires_on) WHERE a.kind >= 100)
    ORDER BY b.subject_id, b.id FOR UPDATE OF b;
  END IF;
  FOREACH t IN ARRAY parts LOOP
    IF ledger_put(
      in_subject, md5('conclude:' || t.id)::uuid, t.book_id, book.controller_id, book.currency, book.category, t.amount, t.credit_kind,
      t.credit_expires, coalesce(in_credit, t.debit_kind),
      CASE WHEN in_credit IS NULL THEN t.debit_expires WHEN in_credit >= 100 THEN t.credit_expires END,
      in_event_at, t.id, in_state, NULL)
    THEN
      total := total + t.amount;
    END IF;
  END LOOP;
  RETURN total;
END
$$
