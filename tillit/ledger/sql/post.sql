-- name: ledger_post
-- Posts transfers given as arrays of equal length, all or none; returns the ids of those that were new. The transfers go
-- in first, in order of (subject, id); a unique violation means that some are known already (or that another transaction
-- opened the same account meanwhile; an account that was opened after we looked, and is in use already, can end in a
-- deadlock with whoever uses it): then those with the same content are left out, another content is refused (TL001), and it
-- starts anew. Balances are summed up by account before they are touched, and touched in order of (subject,
-- account): the nested loop is forced, since a join in any other order could deadlock. Large postings take turns there,
-- from when their sums are ready, so that none starts from balances that another is about to change.
CREATE FUNCTION ledger_post(
  in_subjects bigint[], in_ids uuid[], in_books integer[], in_amounts bigint[],
  in_debit_kinds smallint[], in_debit_expires date[], in_credit_kinds smallint[], in_credit_expires date[],
  in_event_at timestamptz[], in_references uuid[], in_states smallint[], in_batch bigint)
RETURNS uuid[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  recorded timestamptz := tillit_now();
  attempt integer := 0;
  touched bigint[];
  debits boolean := 100 <= ANY (in_debit_kinds);
  refused text;
  d record;
BEGIN
  PERFORM ledger_guard(in_subjects, in_books, in_states);
  IF NOT (SELECT array_agg(k.id) FROM ledger_account_kind k) @> (in_debit_kinds || in_credit_kinds) THEN
    RAISE EXCEPTION 'no such account kind' USING ERRCODE = 'TL005';
  END IF;
  LOOP
    BEGIN
      INSERT INTO ledger_transfer (subject_id, id, event_at, recorded_at, amount, batch_id, controller_id, book_id,
                                   debit_expires, credit_expires, debit_kind, credit_kind, state, currency, reference,
                                   category)
      SELECT a.subject_id, a.id, a.event_at, recorded, a.amount, in_batch, b.controller_id, a.book_id, a.debit_expires,
             a.credit_expires, a.debit_kind, a.credit_kind, a.state, b.currency, a.reference, b.category
      FROM unnest(in_subjects, in_ids, in_books, in_amounts, in_debit_kinds, in_debit_expires, in_credit_kinds,
                  in_credit_expires, in_event_at, in_references, in_states)
        AS a(subject_id, id, book_id, amount, debit_kind, debit_expires, credit_kind, credit_expires, event_at,
             reference, state)
      JOIN ledger_book b ON b.id = a.book_id
      ORDER BY a.subject_id, a.id;
      SELECT array_agg(e.subject_id) AS subjects, array_agg(e.id) AS ids, array_agg(e.amount) AS amounts,
             array_agg(e.state) AS states
      INTO d
      FROM (
        SELECT v.subject_id, v.id, sum(v.amount)::bigint AS amount, max(v.state) AS state
        FROM (
          SELECT a.subject_id, ledger_account(a.book_id, a.kind, a.expires_on) AS id, a.amount, a.state
          FROM unnest(in_subjects, in_books, in_credit_kinds, in_credit_expires, in_amounts, in_states)
            AS a(subject_id, book_id, kind, expires_on, amount, state) WHERE a.kind >= 100
          UNION ALL
          SELECT a.subject_id, ledger_account(a.book_id, a.kind, a.expires_on), -a.amount, a.state
          FROM unnest(in_subjects, in_books, in_debit_kinds, in_debit_expires, in_amounts, in_states)
            AS a(subject_id, book_id, kind, expires_on, amount, state) WHERE debits AND a.kind >= 100
          ORDER BY 1, 2
        ) AS v
        GROUP BY v.subject_id, v.id ORDER BY v.subject_id, v.id
      ) AS e;
      IF cardinality(in_ids) >= 1000 THEN
        PERFORM pg_advisory_xact_lock(1818584168, b.id) FROM (SELECT DISTINCT unnest(in_books) AS id ORDER BY 1) AS b;
      END IF;
      PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
      WITH moved AS (
        UPDATE ledger_balance b SET balance = b.balance + m.amount, version = b.version + 1, recorded_at = recorded,
          state = CASE WHEN b.state < 2 THEN b.state ELSE m.state END  -- in use again: out of the archive
        FROM unnest(d.subjects, d.ids, d.amounts, d.states) WITH ORDINALITY AS m(subject_id, id, amount, state, place)
        WHERE b.subject_id = m.subject_id AND b.id = m.id RETURNING m.place
      )
      SELECT array_agg(place) INTO touched FROM moved;
      PERFORM set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true);
      IF coalesce(cardinality(touched), 0) < cardinality(d.ids) THEN
        INSERT INTO ledger_balance (subject_id, id, balance, carried, recorded_at, version, controller_id, book_id,
                                    expires_on, kind, state, currency, category)
        SELECT m.subject_id, m.id, m.amount, 0, recorded, 1, b.controller_id, b.id,
               date '2000-01-01' + (m.id & 16777215)::integer, (m.id >> 24 & 65535)::smallint, m.state, b.currency,
               b.category
        FROM unnest(d.subjects, d.ids, d.amounts, d.states) WITH ORDINALITY AS m(subject_id, id, amount, state, place)
        JOIN ledger_book b ON b.id = m.id >> 40  -- what an id is made of: see ledger_account
        LEFT JOIN unnest(touched) AS t(place) ON t.place = m.place
        WHERE t.place IS NULL ORDER BY m.subject_id, m.id;
      END IF;
      RETURN in_ids;
    EXCEPTION WHEN unique_violation OR deadlock_detected THEN
      attempt := attempt + 1;
    WHEN check_violation THEN
      GET STACKED DIAGNOSTICS refused = CONSTRAINT_NAME;
      IF refused IN ('ledger_balance_holding', 'ledger_balance_owing') THEN
        RAISE EXCEPTION 'the account does not hold the amount' USING ERRCODE = 'TL004';
      END IF;
      RAISE;
    END;
    IF EXISTS (
      SELECT FROM unnest(in_subjects, in_ids, in_books, in_amounts, in_debit_kinds, in_debit_expires, in_credit_kinds,
                         in_credit_expires, in_event_at, in_references)
        AS a(subject_id, id, book_id, amount, debit_kind, debit_expires, credit_kind, credit_expires, event_at,
             reference)
      JOIN ledger_transfer t ON t.subject_id = a.subject_id AND t.id = a.id
      WHERE (t.book_id, t.amount, t.debit_kind, t.debit_expires, t.credit_kind, t.credit_expires, t.event_at,
             t.reference) IS DISTINCT FROM
            (a.book_id, a.amount, a.debit_kind, a.debit_expires, a.credit_kind, a.credit_expires, a.event_at,
             a.reference)
    ) THEN
      RAISE EXCEPTION 'the natural key was used with another content' USING ERRCODE = 'TL001';
    ELSIF attempt = 5 THEN
      RAISE EXCEPTION 'a natural key stands twice in one posting' USING ERRCODE = 'TL001';
    END IF;
    SELECT array_agg(a.subject_id), array_agg(a.id), array_agg(a.book_id), array_agg(a.amount), array_agg(a.debit_kind),
           array_agg(a.debit_expires), array_agg(a.credit_kind), array_agg(a.credit_expires), array_agg(a.event_at),
           array_agg(a.reference), array_agg(a.state)
    INTO in_subjects, in_ids, in_books, in_amounts, in_debit_kinds, in_debit_expires, in_credit_kinds,
         in_credit_expires, in_event_at, in_references, in_states
    FROM unnest(in_subjects, in_ids, in_books, in_amounts, in_debit_kinds, in_debit_expires, in_credit_kinds,
                in_credit_expires, in_event_at, in_references, in_states)
      AS a(subject_id, id, book_id, amount, debit_kind, debit_expires, credit_kind, credit_expires, event_at, reference,
           state)
    WHERE NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.subject_id = a.subject_id AND t.id = a.id);
    IF in_ids IS NULL THEN
      RETURN '{}';
    END IF;
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
