-- name: plain
-- A copy of each named row, as it stands, of a table that says nothing in clear.
INSERT INTO parties_journal (kind, at, relation, subject_id, row, details)
SELECT 'row', %(at)s, %(relation)s, t.subject_id, t.id::text, to_jsonb(t)
FROM unnest(%(subjects)s::bigint[], %(rows)s::{id}[]) WITH ORDINALITY AS w(subject_id, id, place)
JOIN {relation} t ON t.subject_id = w.subject_id AND t.id = w.id ORDER BY w.place

-- name: rows
-- The named rows as JSON text: what is kept as it is, and what is to be sealed (NULL where that is empty).
SELECT t.subject_id, t.id::text,
       (to_jsonb(t) - coalesce((SELECT array_agg(e.key) FROM jsonb_each_text(to_jsonb(t)) e
                                WHERE e.key = ANY (%(sealed)s) AND e.value <> ''), '{{}}'))::text,
       (SELECT jsonb_object_agg(e.key, e.value)::text FROM jsonb_each_text(to_jsonb(t)) e
        WHERE e.key = ANY (%(sealed)s) AND e.value <> '')
FROM unnest(%(subjects)s::bigint[], %(rows)s::{id}[]) WITH ORDINALITY AS w(subject_id, id, place)
JOIN {relation} t ON t.subject_id = w.subject_id AND t.id = w.id ORDER BY w.place

-- name: gone
-- One entry for the rows in privacy_due: a digest of each, which names nobody.
INSERT INTO parties_journal (kind, at, relation, details, digests)
SELECT 'gone', %(at)s, %(relation)s, jsonb_build_object('anonymise', %(anonymise)s::boolean),
       array_agg(md5(%(relation)s || ':' || d.subject_id || ':' || d.id)::uuid)
FROM privacy_due d HAVING count(*) > 0

-- name: forget_rows
-- The copies of rows in privacy_due; whose they were, and whether they held anything sealed.
DELETE FROM parties_journal j USING privacy_due d
WHERE j.kind = 'row' AND j.relation = %(relation)s AND j.subject_id = d.subject_id AND j.subject_id <> 0
  AND j.row = d.id::text
RETURNING j.subject_id, j.sealed IS NOT NULL

-- name: blank
-- Everything sealed in the copies of these people: their journal key goes with one erased value.
UPDATE parties_journal SET sealed = NULL WHERE subject_id = ANY (%(subjects)s) AND sealed IS NOT NULL

-- name: forget_digests
-- What was said of these people's digests of some kinds (NULL: every kind).
DELETE FROM parties_journal
WHERE subject_id = ANY (%(subjects)s) AND kind IN ('claimed', 'unclaimed')
  AND (%(kinds)s::integer[] IS NULL OR (details ->> 'kind')::integer = ANY (%(kinds)s::integer[]))
