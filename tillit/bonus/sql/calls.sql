-- What is asked most: making and using a voucher, and a balance. Run with the caller's rights, under row security like any statement of the
-- application. Their plans are made once a session, whatever they are asked (plan_cache_mode, which holds in what they
-- call, too): planning took longer than what was planned. Made by `tillit migrate` (declaration.enforce).

-- name: bonus_reserve
-- Sets the amount aside under the voucher's id, oldest bonus first, claims the code's digest and makes the voucher. It is
-- valid for the declared minutes, and never longer than the first of its lots: what is past is not used. What came of it:
-- `made`; `stands` (it was made before); `taken` (another's voucher has that code); `none` (use is suspended (C14), or
-- there is no such person to be seen); `merged` (nothing was done: see first to it that this subject of a merged person
-- holds the amount, C3, then call with `in_gathered`). TL004 when the amount is not there, TL001 on another amount.
CREATE FUNCTION bonus_reserve(
  in_subject bigint, in_id uuid, in_nonce uuid, in_amount bigint, in_at timestamptz, in_book integer, in_chain integer,
  in_controller integer, in_currency text, in_minutes integer, in_register integer, in_kind smallint, in_lot smallint,
  in_reserved smallint, in_debt smallint, in_gathered boolean,
  OUT outcome text, OUT state smallint, OUT recorded_at timestamptz, OUT valid_until timestamptz)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  zone text;
  holder bigint;
  lot date;
BEGIN
  IF NOT in_gathered AND EXISTS (
    SELECT FROM parties_subject s WHERE s.id = in_subject AND s.alias_of_id IS NOT NULL
    UNION ALL SELECT FROM parties_subject s WHERE s.alias_of_id = in_subject
  ) THEN
    outcome := 'merged';
    RETURN;
  END IF;
  SELECT s.state INTO state FROM parties_subject s WHERE s.id = in_subject FOR UPDATE OF s;
  IF NOT FOUND OR EXISTS (
    SELECT FROM bonus_suspension x WHERE x.chain_id = in_chain AND x.what = 'use' AND x.starts <= in_at
      AND (x.ends IS NULL OR x.ends > in_at)
  ) THEN
    outcome := 'none';
    RETURN;
  END IF;
  SELECT d.subject_id INTO holder FROM directory_claim(in_register, in_kind, ARRAY[in_id], ARRAY[in_subject]) AS d;
  IF holder <> in_subject THEN
    outcome := 'taken';
    RETURN;
  END IF;
  SELECT b.zone INTO zone FROM ledger_book b WHERE b.id = in_book;
  IF NOT EXISTS (SELECT FROM bonus_voucher v WHERE v.subject_id = in_subject AND v.id = in_id) THEN
    PERFORM bonus_ready(in_subject, in_book, in_amount, in_at, in_lot, in_debt);
  END IF;
  SELECT min(w.expires_on) INTO lot
  FROM ledger_draw(
    ARRAY[in_subject], ARRAY[in_id], ARRAY[in_book], ARRAY[in_amount], ARRAY[NULL]::date[], ARRAY[in_at], ARRAY[state],
    in_lot, in_reserved, NULL, in_debt, (in_at AT TIME ZONE zone)::date, NULL) AS w;
  INSERT INTO bonus_voucher (subject_id, id, controller_id, state, chain_id, amount, currency, nonce, status, made_at,
                             valid_until, reference)
  VALUES (in_subject, in_id, in_controller, state, in_chain, in_amount, in_currency, in_nonce, 'open', in_at,
          least(in_at + make_interval(mins => in_minutes), lot::timestamp AT TIME ZONE zone), '')
  ON CONFLICT (subject_id, id) DO NOTHING
  RETURNING bonus_voucher.recorded_at, bonus_voucher.valid_until INTO recorded_at, valid_until;
  outcome := CASE WHEN FOUND THEN 'made' ELSE 'stands' END;
END
$$

-- name: bonus_redeem
-- Uses a voucher: the one whose code has the digest, if it is open, of that chain, still valid when the till took it, and
-- of that very amount. Its bonus goes from reserved to used, and the voucher is closed, both or neither. Returns the
-- voucher as it stood and whether it was used now; no row when nobody's code has the digest. The directory answers with
-- the person's own subject; of a merged person the voucher is that subject's or an alias's, and stays there (C3).
CREATE FUNCTION bonus_redeem(
  in_register integer, in_kind smallint, in_id uuid, in_redeemed smallint, in_chain integer, in_amount bigint,
  in_event timestamptz, in_at timestamptz, in_skew interval, in_store integer, in_client integer, in_reference text)
RETURNS TABLE (
  subject_id bigint, id uuid, chain_id integer, status text, amount bigint, used bigint, currency text,
  made_at timestamptz, valid_until timestamptz, used_at timestamptz, ended_at timestamptz, store_id integer,
  client_id integer, reference text, now_used boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  person bigint;
  whose bigint;
  v record;
BEGIN
  SELECT d.subject_id INTO person FROM directory_resolve(in_register, in_kind, ARRAY[in_id]) AS d;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT x.subject_id INTO whose FROM bonus_voucher x WHERE x.subject_id = person AND x.id = in_id;
  IF NOT FOUND THEN
    SELECT x.subject_id INTO whose FROM parties_subject s
    JOIN bonus_voucher x ON x.subject_id = s.id AND x.id = in_id WHERE s.alias_of_id = person;
  END IF;
  PERFORM FROM parties_subject s WHERE s.id = whose FOR UPDATE OF s;
  SELECT x.* INTO v FROM bonus_voucher x WHERE x.subject_id = whose AND x.id = in_id FOR UPDATE OF x;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  now_used := v.status = 'open' AND v.chain_id = in_chain AND v.amount = in_amount
    AND in_event < v.valid_until AND in_event >= v.made_at - in_skew;
  IF now_used THEN
    PERFORM ledger_conclude(v.subject_id, v.id, in_redeemed, in_event, v.state);
    UPDATE bonus_voucher x
    SET status = 'used', used = in_amount, used_at = in_event, ended_at = in_at, store_id = in_store,
        client_id = in_client, reference = in_reference
    WHERE x.subject_id = v.subject_id AND x.id = v.id;
  END IF;
  RETURN QUERY SELECT v.subject_id, v.id, v.chain_id, v.status::text, v.amount, v.used, v.currency::text, v.made_at,
                      v.valid_until, v.used_at, v.ended_at, v.store_id, v.client_id, v.reference::text,
                      coalesce(now_used, false);
END
$$

-- name: bonus_usable_on
-- From which day bonus of a purchase may be used: so many local days after the day of the purchase as the programme said
-- then (`in_from`: since when it says more than `in_before`). The one place that says so.
CREATE FUNCTION bonus_usable_on(
  in_event timestamptz, in_zone text, in_days integer, in_before integer, in_from timestamptz)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (in_event AT TIME ZONE in_zone)::date
         + CASE WHEN in_event < in_from THEN least(in_before, in_days) ELSE in_days END
$$

-- name: bonus_lapsed
-- What vouchers whose time has passed set aside, by the lots it goes back to: it counts as given back, whether or not the
-- worker has come round.
CREATE FUNCTION bonus_lapsed(in_people bigint[], in_at timestamptz, in_reserved smallint)
RETURNS TABLE (book_id integer, expires_on date, amount bigint)
LANGUAGE sql STABLE AS $$
  SELECT t.book_id, t.debit_expires, sum(t.amount)::bigint
  FROM (
    SELECT DISTINCT b.subject_id FROM ledger_balance b
    WHERE b.subject_id = ANY (in_people) AND b.kind = in_reserved AND b.balance > 0
  ) AS a
  JOIN bonus_voucher v ON v.subject_id = a.subject_id AND v.status = 'open' AND v.valid_until <= in_at
  CROSS JOIN LATERAL ledger_parts(v.subject_id, v.id) AS t
  WHERE t.credit_kind = in_reserved
  GROUP BY t.book_id, t.debit_expires
$$

-- name: bonus_waiting
-- What was earned and may not be used yet, by the day from which it may: a purchase's bonus, and what offers gave for it,
-- (`bonus_usable_on`), less what its refunds, offers that held no more, and corrections took back, and never more than is
-- left in those lots, with what lapsed vouchers give back to them. What is taken back beyond a day's own earning comes off the days that are farthest. No row where
-- bonus may be used at once. 1, 20, 5 and 101 are the account kinds issued, offered, corrected and reserved; 7 is handed over: what came
-- along with people and waited where it came from has a reference, and the day it was earned on.
CREATE FUNCTION bonus_waiting(in_people bigint[], in_book integer, in_at timestamptz, in_lot smallint)
RETURNS TABLE (usable_on date, amount bigint)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  p record;
  zone text := (SELECT b.zone FROM ledger_book b WHERE b.id = in_book);
  today date := (in_at AT TIME ZONE zone)::date;
  since timestamptz;
BEGIN
  SELECT g.available_after_days AS days, g.waited_before AS before, g.waits_from AS begins INTO p
  FROM bonus_programme g WHERE g.book_id = in_book;
  IF coalesce(p.days, 0) = 0 THEN
    RETURN;
  END IF;
  since := (today - p.days + 1)::timestamp AT TIME ZONE zone;
  RETURN QUERY
  WITH moved AS MATERIALIZED (
    SELECT t.subject_id, t.id, t.debit_kind, t.credit_kind, t.credit_expires, t.amount, t.reference,
           bonus_usable_on(t.event_at, zone, p.days, p.before, p.begins) AS usable_on
    FROM ledger_transfer t
    WHERE t.subject_id = ANY (in_people) AND t.book_id = in_book AND t.event_at >= since
  ), held AS (
    SELECT m.*, m.credit_kind = in_lot AND (m.debit_kind IN (1, 20) OR m.debit_kind = 7 AND m.reference IS NOT NULL)
           AS given
    FROM moved m WHERE m.usable_on > today
  ), counted AS (
    SELECT h.usable_on, h.amount FROM held h WHERE h.given
    UNION ALL
    SELECT h.usable_on, -h.amount FROM held h
    WHERE h.debit_kind = in_lot AND h.credit_kind = 5 AND NOT EXISTS (
      SELECT FROM purchases_unmatched_refund u WHERE u.subject_id = h.subject_id AND u.purchase_id = h.reference)
    UNION ALL
    SELECT h.usable_on, -t.amount
    FROM held h
    JOIN purchases_unmatched_refund u ON u.subject_id = h.subject_id AND u.refund_of = h.id AND u.outcome = 'settled'
    JOIN ledger_transfer t ON t.subject_id = h.subject_id AND t.reference = u.purchase_id
     AND t.debit_kind = in_lot AND t.credit_kind = 5
    WHERE h.debit_kind = 1 AND h.credit_kind = in_lot
  ), left_over AS (
    SELECT least((SELECT sum(c.amount) FROM counted c), (
      SELECT coalesce(sum(x.amount), 0)
      FROM (
        SELECT b.expires_on, b.balance AS amount FROM ledger_balance b
        WHERE b.subject_id = ANY (in_people) AND b.book_id = in_book AND b.kind = in_lot
        UNION ALL
        SELECT l.expires_on, l.amount FROM bonus_lapsed(in_people, in_at, 101::smallint) AS l WHERE l.book_id = in_book
      ) AS x
      WHERE x.expires_on IN (SELECT h.credit_expires FROM held h WHERE h.given))) AS amount
  ), by_day AS (
    SELECT c.usable_on, sum(c.amount) AS amount FROM counted c GROUP BY 1 HAVING sum(c.amount) > 0
  ), in_order AS (
    SELECT d.usable_on, least(d.amount, l.amount - sum(d.amount) OVER (ORDER BY d.usable_on) + d.amount) AS amount
    FROM by_day d CROSS JOIN left_over l
  )
  SELECT o.usable_on, o.amount::bigint FROM in_order o WHERE o.amount > 0 ORDER BY 1;
END
$$

-- name: bonus_ready
-- TL004 when the person (every subject of a merged one) has less in the chain that may be used now than the amount: what
-- is held, less what is owed, less what waits. For programmes whose bonus may be used at once the draw itself sees to it.
CREATE FUNCTION bonus_ready(
  in_subject bigint, in_book integer, in_amount bigint, in_at timestamptz, in_lot smallint, in_debt smallint)
RETURNS void
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  own bigint := (SELECT coalesce(s.alias_of_id, s.id) FROM parties_subject s WHERE s.id = in_subject);
  people bigint[] := own || ARRAY(SELECT s.id FROM parties_subject s WHERE s.alias_of_id = own);
  held bigint;
  waits bigint;
BEGIN
  IF (SELECT p.available_after_days FROM bonus_programme p WHERE p.book_id = in_book) IS NOT DISTINCT FROM 0 THEN
    RETURN;
  END IF;
  SELECT coalesce(sum(w.amount), 0) INTO waits FROM bonus_waiting(people, in_book, in_at, in_lot) AS w;
  SELECT coalesce(sum(b.balance), 0) INTO held
  FROM ledger_balance b JOIN ledger_book k ON k.id = b.book_id
  WHERE b.subject_id = ANY (people) AND b.book_id = in_book
    AND (b.kind = in_debt OR b.kind = in_lot AND b.expires_on > (in_at AT TIME ZONE k.zone)::date);
  IF waits > 0 AND held - waits < in_amount THEN
    RAISE EXCEPTION 'the bonus may not be used yet' USING ERRCODE = 'TL004';
  END IF;
END
$$

-- name: bonus_balance
-- What one member (every subject of a merged one) has in each chain where there is or was something: lots that have not
-- expired by the day, with dates; what is set aside; what is owed. A voucher whose time has passed counts as given back,
-- whether or not the worker has come round: its parts are lots again, each with its own expiry. Returns a row a chain, and
-- on each whether authorisations are on their way; where there is no chain, one row that tells just that. What is held
-- and may not be used yet is told by day besides (`bonus_waiting`).
CREATE FUNCTION bonus_balance(in_subject bigint, in_on date, in_lot smallint, in_reserved smallint, in_debt smallint)
RETURNS TABLE (
  pending boolean, chain_id bigint, key text, name text, currency text, held bigint, reserved bigint, debt bigint,
  days date[], amounts bigint[], usable_on date[], waits bigint[])
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  own bigint := (SELECT coalesce(s.alias_of_id, s.id) FROM parties_subject s WHERE s.id = in_subject);
  people bigint[] := own || ARRAY(SELECT s.id FROM parties_subject s WHERE s.alias_of_id = own);
BEGIN
  RETURN QUERY
  WITH account AS MATERIALIZED (
    SELECT b.subject_id, b.book_id, b.kind, b.expires_on, b.balance
    FROM ledger_balance b WHERE b.subject_id = ANY (people)
  ), lapsed AS MATERIALIZED (
    SELECT b.book_id, b.expires_on, b.amount FROM bonus_lapsed(people, tillit_now(), in_reserved) AS b
  ), stands AS (
    SELECT a.book_id, a.kind, a.expires_on, a.balance FROM account a
    UNION ALL SELECT l.book_id, in_lot, l.expires_on, l.amount FROM lapsed l
    UNION ALL SELECT l.book_id, in_reserved, l.expires_on, -l.amount FROM lapsed l
  ), lot AS (
    SELECT a.book_id, a.kind, a.expires_on, sum(a.balance)::bigint AS balance
    FROM stands a GROUP BY a.book_id, a.kind, a.expires_on
  ), book AS (
    SELECT l.book_id,
           coalesce(sum(l.balance) FILTER (WHERE l.kind = in_lot AND l.expires_on > in_on), 0)::bigint AS held,
           coalesce(sum(l.balance) FILTER (WHERE l.kind = in_reserved), 0)::bigint AS reserved,
           coalesce(-sum(l.balance) FILTER (WHERE l.kind = in_debt), 0)::bigint AS debt,
           coalesce(array_agg(l.expires_on ORDER BY l.expires_on)
                    FILTER (WHERE l.kind = in_lot AND l.expires_on > in_on AND l.balance > 0), '{}') AS days,
           coalesce(array_agg(l.balance ORDER BY l.expires_on)
                    FILTER (WHERE l.kind = in_lot AND l.expires_on > in_on AND l.balance > 0), '{}') AS amounts
    FROM lot l GROUP BY l.book_id
  )
  SELECT x.pending, c.id, c.key::text, c.name::text, c.currency::text, k.held, k.reserved, k.debt, k.days, k.amounts,
         y.usable_on, y.waits
  FROM (
    SELECT EXISTS (SELECT FROM purchases_authorisation a WHERE a.subject_id = ANY (people) AND a.ended_at IS NULL)
      AS pending
  ) AS x
  LEFT JOIN (
    book k JOIN bonus_programme p ON p.book_id = k.book_id JOIN purchases_chain c ON c.id = p.chain_id
  ) ON true
  LEFT JOIN LATERAL (
    SELECT array_agg(w.usable_on ORDER BY w.usable_on) AS usable_on, array_agg(w.amount ORDER BY w.usable_on) AS waits
    FROM bonus_waiting(people, k.book_id, tillit_now(), in_lot) AS w WHERE p.available_after_days > 0
  ) AS y ON true;
END
$$
