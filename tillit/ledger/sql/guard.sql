-- name: ledger_guard
-- Refuses (TL002) books, people or row states that the open scope may not write, as the row policies would; TL005 for
-- an unknown book. Then shares the lock of every book named, in order, so that no month closes meanwhile, and refuses
-- (TL003) a record time in a closed month.
CREATE FUNCTION ledger_guard(in_subjects bigint[], in_books integer[], in_states smallint[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT a.book_id, array_agg(DISTINCT a.state) AS states, b.controller_id, b.category, b.zone
    FROM (SELECT DISTINCT u.book_id, u.state FROM unnest(in_books, in_states) AS u(book_id, state)) AS a
    LEFT JOIN ledger_book b ON b.id = a.book_id
    GROUP BY a.book_id, b.controller_id, b.category, b.zone ORDER BY a.book_id
  LOOP
    IF one.controller_id IS NULL THEN
      RAISE EXCEPTION 'no such book' USING ERRCODE = 'TL005';
    END IF;
    IF NOT (SELECT coalesce(bool_and(one.controller_id::integer * 4 + s = ANY (tillit_keys(one.category, 2))), false)
            FROM unnest(one.states) AS s) THEN
      RAISE EXCEPTION 'the scope may not write this book' USING ERRCODE = 'TL002';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1818584167, one.book_id);
    IF EXISTS (SELECT FROM ledger_closing c WHERE c.book_id = one.book_id AND c.closed_at IS NOT NULL
               AND c.period = date_trunc('month', tillit_now() AT TIME ZONE one.zone)::date) THEN
      RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'TL003';
    END IF;
  END LOOP;
  IF NOT tillit_any_subject() AND EXISTS (SELECT FROM unnest(in_subjects) AS s WHERE s <> ALL (tillit_subjects())) THEN
    RAISE EXCEPTION 'the scope may not write this person' USING ERRCODE = 'TL002';
  END IF;
END
$$
