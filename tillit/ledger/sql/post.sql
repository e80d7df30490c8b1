-- name: ledger_post
-- Posts transfers given as arrays of equal length, all or none; returns the ids of those that were new. A known id with
-- the same content is skipped; with other content nothing is posted (TL001). Balances are summed up by account first,
-- locked in order of (subject, account), then the transfers are inserted in order of (subject, id). A unique violation
-- means that another transaction made the same row meanwhile: look again.
CREATE FUNCTION ledger_post(
  in_subjects bigint[], in_ids uuid[], in_books integer[], in_amounts bigint[],
  in_debit_kinds smallint[], in_debit_expires date[], in_credit_kinds smallint[], in_credit_expires date[],
  in_event_at timestamptz[], in_references uuid[], in_states smallint[], in_batch bigint)
RETURNS uuid[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  known bigint;
  differing bigint;
  attempt integer := 0;
  posted uuid[];
  refused text;
BEGIN
  PERFORM ledger_guard(in_subjects, in_books, in_states);
  IF EXISTS (SELECT u.kind FROM unnest(in_debit_kinds || in_credit_kinds) AS u(kind)
             EXCEPT SELECT k.id FROM ledger_account_kind k) THEN
    RAISE EXCEPTION 'no such account kind' USING ERRCODE = 'TL005';
  END IF;
  LOOP
    SELECT count(*), count(*) FILTER (WHERE
      (t.book_id, t.amount, t.debit_kind, t.debit_expires, t.credit_kind, t.credit_expires, t.event_at, t.reference)
      IS DISTINCT FROM
      (a.book_id, a.amount, a.debit_kind, a.debit_expires, a.credit_kind, a.credit_expires, a.event_at, a.reference))
    INTO known, differing
    FROM unnest(in_subjects, in_ids, in_books, in_amounts, in_debit_kinds, in_debit_expires, in_credit_kinds,
                in_credit_expires, in_event_at, in_references)
      AS a(subject_id, id, book_id, amount, debit_kind, debit_expires, credit_kind, credit_expires, event_at, reference)
    JOIN ledger_transfer t ON t.subject_id = a.subject_id AND t.id = a.id;
    IF differing > 0 THEN
      RAISE EXCEPTION 'the natural key was used with another content' USING ERRCODE = 'TL001';
    END IF;
    IF known = cardinality(in_ids) THEN
      RETURN '{}';
    END IF;
    BEGIN
      WITH fresh AS MATERIALIZED (
        SELECT a.*, b.controller_id, b.currency
        FROM unnest(in_subjects, in_ids, in_books, in_amounts, in_debit_kinds, in_debit_expires, in_credit_kinds,
                    in_credit_expires, in_event_at, in_references, in_states)
          AS a(subject_id, id, book_id, amount, debit_kind, debit_expires, credit_kind, credit_expires, event_at,
               reference, state)
        JOIN ledger_book b ON b.id = a.book_id
        WHERE known = 0
           OR NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.subject_id = a.subject_id AND t.id = a.id)
        ORDER BY a.subject_id, a.id
      ), delta AS MATERIALIZED (
        SELECT e.subject_id, ledger_account(e.book_id, e.kind, e.expires_on) AS id,
               e.book_id, e.kind, e.expires_on, e.controller_id, e.currency,
               max(e.state) AS state, sum(e.amount)::bigint AS amount
        FROM (
          SELECT subject_id, book_id, credit_kind AS kind, credit_expires AS expires_on, amount, state, controller_id,
                 currency FROM fresh WHERE credit_kind >= 100
          UNION ALL
          SELECT subject_id, book_id, debit_kind, debit_expires, -amount, state, controller_id, currency
          FROM fresh WHERE debit_kind >= 100
        ) AS e
        GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2
      ), locked AS MATERIALIZED (
        SELECT b.subject_id, b.id FROM delta d
        JOIN ledger_balance b ON b.subject_id = d.subject_id AND b.id = d.id
        ORDER BY d.subject_id, d.id FOR UPDATE OF b
      ), moved AS (
        UPDATE ledger_balance b
        SET balance = b.balance + d.amount, version = b.version + 1, recorded_at = tillit_now()
        FROM delta d
        WHERE b.subject_id = d.subject_id AND b.id = d.id AND (SELECT count(*) FROM locked) >= 0
        RETURNING b.subject_id, b.id
      ), opened AS (
        INSERT INTO ledger_balance (subject_id, id, balance, carried, recorded_at, version, controller_id, book_id,
                                    expires_on, kind, state, currency)
        SELECT d.subject_id, d.id, d.amount, 0, tillit_now(), 1, d.controller_id, d.book_id, d.expires_on, d.kind,
               d.state, d.currency
        FROM delta d LEFT JOIN moved m ON m.subject_id = d.subject_id AND m.id = d.id
        WHERE m.id IS NULL ORDER BY d.subject_id, d.id
        RETURNING 1
      ), written AS (
        INSERT INTO ledger_transfer (subject_id, id, event_at, recorded_at, amount, batch_id, controller_id, book_id,
                                     debit_expires, credit_expires, debit_kind, credit_kind, state, currency, reference)
        SELECT f.subject_id, f.id, f.event_at, tillit_now(), f.amount, in_batch, f.controller_id, f.book_id,
               f.debit_expires, f.credit_expires, f.debit_kind, f.credit_kind, f.state, f.currency, f.reference
        FROM fresh f WHERE (SELECT count(*) FROM opened) >= 0
        RETURNING id
      )
      SELECT array_agg(id) INTO posted FROM written;
      RETURN posted;
    EXCEPTION WHEN unique_violation THEN
      attempt := attempt + 1;
      IF attempt = 5 THEN
        RAISE EXCEPTION 'a natural key stands twice in one posting' USING ERRCODE = 'TL001';
      END IF;
    WHEN check_violation THEN
      GET STACKED DIAGNOSTICS refused = CONSTRAINT_NAME;
      IF refused IN ('ledger_balance_holding', 'ledger_balance_owing') THEN
        RAISE EXCEPTION 'the account does not hold the amount' USING ERRCODE = 'TL004';
      END IF;
      RAISE;
    END;
  END LOOP;
END
$$

-- name: ledger_reverse
-- Reverses one transfer by a new one from its credit account to its debit account, once; the reversal's id follows from
-- the transfer's. Returns the reversal's id if it was new. TL004 when the value is no longer there.
CREATE FUNCTION ledger_reverse(in_subject bigint, in_id uuid, in_event_at timestamptz, in_state smallint)
RETURNS uuid[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  t ledger_transfer;
BEGIN
  SELECT * INTO t FROM ledger_transfer x WHERE x.subject_id = in_subject AND x.id = in_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such transfer' USING ERRCODE = 'TL005';
  END IF;
  IF EXISTS (SELECT FROM ledger_transfer x WHERE x.subject_id = in_subject AND x.id = md5('reverse:' || in_id)::uuid) THEN
    RETURN '{}';
  END IF;
  RETURN ledger_post(
    ARRAY[t.subject_id], ARRAY[md5('reverse:' || t.id)::uuid], ARRAY[t.book_id], ARRAY[t.amount],
    ARRAY[t.credit_kind], ARRAY[t.credit_expires], ARRAY[t.debit_kind], ARRAY[t.debit_expires],
    ARRAY[in_event_at], ARRAY[t.id], ARRAY[in_state], NULL);
END
$$

-- name: ledger_conclude
-- Ends what a draw reserved under `in_reference`: each part moves from the account it was reserved in to `in_credit`, or
-- back to where it came from when that is NULL. Once: the ids follow from the parts', so a later conclusion of another
-- kind is refused (TL001), and the same one is nothing new. Returns the amount that was moved now.
CREATE FUNCTION ledger_conclude(
  in_subject bigint, in_reference uuid, in_credit smallint, in_event_at timestamptz, in_state smallint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  p record;
  posted uuid[];
BEGIN
  SELECT array_agg(t.id) AS ids, array_agg(md5('conclude:' || t.id)::uuid) AS ends,
         array_agg(t.book_id) AS books, array_agg(t.amount) AS amounts,
         array_agg(t.credit_kind) AS debits, array_agg(t.credit_expires) AS debit_expires,
         array_agg(coalesce(in_credit, t.debit_kind)) AS credits,
         array_agg(CASE WHEN in_credit IS NULL THEN t.debit_expires
                        WHEN in_credit >= 100 THEN t.credit_expires END) AS credit_expires,
         count(*)::integer AS n, count(o.id) FILTER (WHERE o.credit_kind = coalesce(in_credit, t.debit_kind)) AS done
  INTO p
  FROM ledger_transfer t
  LEFT JOIN ledger_transfer o ON o.subject_id = t.subject_id AND o.id = md5('conclude:' || t.id)::uuid
  WHERE t.subject_id = in_subject AND t.reference = in_reference AND t.credit_kind >= 100;
  IF p.n = 0 THEN
    RAISE EXCEPTION 'nothing is reserved under that key' USING ERRCODE = 'TL005';
  ELSIF p.done = p.n THEN
    RETURN 0;
  END IF;
  posted := ledger_post(
    array_fill(in_subject, ARRAY[p.n]), p.ends, p.books, p.amounts, p.debits, p.debit_expires, p.credits,
    p.credit_expires, array_fill(in_event_at, ARRAY[p.n]), p.ids, array_fill(in_state, ARRAY[p.n]), NULL);
  RETURN (SELECT coalesce(sum(t.amount), 0) FROM ledger_transfer t
          WHERE t.subject_id = in_subject AND t.id = ANY (posted));
END
$$
