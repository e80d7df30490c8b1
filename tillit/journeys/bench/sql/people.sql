-- name: subjects
-- New subjects of the register; their random ids.
INSERT INTO parties_subject (id, register_id)
SELECT tillit_random_id(), %(register)s FROM generate_series(1, %(count)s) RETURNING id

-- name: cards
-- Cards claimed for their owners.
SELECT count(*) FROM directory_claim(
  %(register)s, %(kind)s::smallint, %(digests)s::uuid[], %(subjects)s::bigint[],
  in_since => array_fill(%(at)s::timestamptz, ARRAY[cardinality(%(subjects)s::bigint[])]))

-- name: instruments
-- The same cards as their owners registered them, and, for one card in a hundred, an earlier one that was removed since.
INSERT INTO purchases_instrument (subject_id, controller_id, state, kind, network, last_four, digest, registered_at,
                                  removed_at)
SELECT c.subject_id, %(holder)s, 0, %(kind)s, 'visa', '0000', CASE WHEN r.removed THEN gen_random_uuid() ELSE c.digest END,
       %(at)s, CASE WHEN r.removed THEN %(at)s + interval '1 day' END
FROM unnest(%(digests)s::uuid[], %(subjects)s::bigint[]) WITH ORDINALITY AS c(digest, subject_id, place)
CROSS JOIN LATERAL (SELECT false AS removed UNION ALL SELECT true WHERE c.place %% 100 = 0) AS r

-- name: bonus
-- One krone in each of the accounts, so that the members are members who shop: the run changes balances there are.
SELECT cardinality(ledger_post(
  array_agg(a.subject_id), array_agg(gen_random_uuid()), array_agg(a.book_id),
  array_fill(100::bigint, ARRAY[count(*)::integer]), array_fill(%(issued)s::smallint, ARRAY[count(*)::integer]),
  array_fill(NULL::date, ARRAY[count(*)::integer]), array_fill(%(lot)s::smallint, ARRAY[count(*)::integer]),
  array_fill(%(expires)s::date, ARRAY[count(*)::integer]), array_fill(now(), ARRAY[count(*)::integer]),
  array_fill(NULL::uuid, ARRAY[count(*)::integer]), array_fill(0::smallint, ARRAY[count(*)::integer]), NULL))
FROM unnest(%(subjects)s::bigint[], %(books)s::integer[]) AS a(subject_id, book_id)
