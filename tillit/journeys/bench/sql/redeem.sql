-- name: holders
-- The people who hold bonus in a book.
SELECT b.subject_id FROM ledger_balance b WHERE b.book_id = %(book)s AND b.kind = %(lot)s AND b.balance > 0
ORDER BY b.subject_id

-- name: tables
-- What somebody would write without Tillit: a balance a person, a row a voucher.
CREATE TABLE bench_purse (subject_id bigint PRIMARY KEY, held bigint NOT NULL CHECK (held >= 0), aside bigint NOT NULL
                          CHECK (aside >= 0));
CREATE TABLE bench_voucher (code uuid PRIMARY KEY, subject_id bigint NOT NULL REFERENCES bench_purse, amount bigint
                            NOT NULL, used boolean NOT NULL DEFAULT false);
GRANT SELECT, INSERT, UPDATE ON bench_purse, bench_voucher TO tillit_app

-- name: fill
-- A purse for each person.
INSERT INTO bench_purse SELECT s, 1000000, 0 FROM unnest(%(subjects)s::bigint[]) AS s

-- name: bare_reserve
-- Sets an amount aside and makes the voucher.
WITH moved AS (
  UPDATE bench_purse SET held = held - %(amount)s, aside = aside + %(amount)s
  WHERE subject_id = %(subject)s AND held >= %(amount)s RETURNING subject_id
)
INSERT INTO bench_voucher (code, subject_id, amount) SELECT %(code)s, subject_id, %(amount)s FROM moved

-- name: bare_redeem
-- Uses the voucher.
WITH used AS (
  UPDATE bench_voucher SET used = true WHERE code = %(code)s AND NOT used RETURNING subject_id, amount
)
UPDATE bench_purse p SET aside = p.aside - u.amount FROM used u WHERE p.subject_id = u.subject_id

-- name: grow
-- More history for those of the people who hold bonus in a book: so many small purchases each, in the lot they have.
SELECT cardinality(ledger_post(
  array_agg(a.subject_id), array_agg(gen_random_uuid()), array_agg(a.book_id),
  array_fill(1::bigint, ARRAY[count(*)::integer]), array_fill(%(issued)s::smallint, ARRAY[count(*)::integer]),
  array_fill(NULL::date, ARRAY[count(*)::integer]), array_agg(a.kind), array_agg(a.expires_on),
  array_fill(now(), ARRAY[count(*)::integer]), array_fill(NULL::uuid, ARRAY[count(*)::integer]),
  array_fill(0::smallint, ARRAY[count(*)::integer]), NULL))
FROM (SELECT b.* FROM ledger_balance b CROSS JOIN generate_series(1, %(each)s)
      WHERE b.book_id = %(book)s AND b.kind = %(lot)s AND b.subject_id = ANY (%(subjects)s::bigint[])) AS a
HAVING count(*) > 0

-- name: added_up
-- A person's bonus from the history alone.
SELECT coalesce(sum(CASE WHEN t.credit_kind = %(lot)s THEN t.amount ELSE -t.amount END), 0)
FROM ledger_transfer t
WHERE t.subject_id = %(subject)s AND %(lot)s IN (t.credit_kind, t.debit_kind)
  AND coalesce(t.credit_expires, t.debit_expires) > %(on)s

-- name: whole_reads
-- How often tables that a balance is read from were read from end to end.
SELECT coalesce(sum(s.seq_scan), 0) FROM pg_stat_user_tables s
WHERE s.relname = ANY (%(tables)s) AND s.n_live_tup >= 5000
