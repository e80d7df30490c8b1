-- name: buried
-- The digests of every row that was disposed of, with how.
CREATE TEMP TABLE privacy_buried AS
SELECT DISTINCT j.relation, (j.details ->> 'anonymise')::boolean AS anonymise, digest
FROM parties_journal j CROSS JOIN LATERAL unnest(j.digests) AS digest WHERE j.kind = 'gone'

-- name: last_copies
-- The last copy of each row of people the dump knows, except of rows that are gone.
CREATE TEMP TABLE privacy_copy AS
SELECT c.* FROM (
  SELECT DISTINCT ON (j.relation, j.subject_id, j.row) j.id, j.relation, j.subject_id, j.row, j.details, j.sealed
  FROM parties_journal j WHERE j.kind = 'row' ORDER BY j.relation, j.subject_id, j.row, j.id DESC) c
WHERE EXISTS (SELECT FROM parties_subject s WHERE s.id = c.subject_id)
  AND NOT EXISTS (SELECT FROM privacy_buried b WHERE b.relation = c.relation
                  AND b.digest = md5(c.relation || ':' || c.subject_id || ':' || c.row)::uuid)

-- name: put
-- One copy in the place of the row the dump holds, which lends what the copy does not say.
INSERT INTO {relation}
SELECT r.* FROM jsonb_populate_record(
  (SELECT t FROM {relation} t WHERE t.subject_id = %(subject)s AND t.id::text = %(row)s),
  %(fill)s::jsonb || %(plain)s::jsonb || %(clear)s::jsonb) r
ON CONFLICT (subject_id, id) DO UPDATE SET ({columns}) = ROW({excluded})

-- name: due
-- Rows of one table that were gone when the dump was made or have gone since, a part at a time.
CREATE TEMP TABLE privacy_due ON COMMIT DROP AS
SELECT t.subject_id, t.id FROM {relation} t JOIN privacy_buried b
  ON b.relation = %(relation)s AND b.anonymise = %(anonymise)s
  AND b.digest = md5(%(relation)s || ':' || t.subject_id || ':' || t.id)::uuid
LIMIT 20000
