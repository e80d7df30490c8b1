-- name: relationships
-- Every subject of the register a member since long; one in a hundred left forty days ago.
INSERT INTO parties_relationship (subject_id, controller_id, kind, started, ended, end_reason)
SELECT s.id, %(controller)s, 'member', %(today)s::date - 900,
       CASE WHEN s.id %% 100 = 0 THEN %(today)s::date - 40 END, CASE WHEN s.id %% 100 = 0 THEN 'left' ELSE '' END
FROM parties_subject s
WHERE s.register_id = %(register)s AND NOT EXISTS (SELECT FROM parties_relationship r WHERE r.subject_id = s.id)

-- name: facts
-- Ten facts of each: names, addresses, date of birth, interests. Invented, different for each.
INSERT INTO parties_fact (subject_id, controller_id, category, kind, value, source, collected_under, collected_at)
SELECT s.id, %(controller)s, k.category, k.kind,
       CASE k.kind WHEN 'birth_date' THEN (k.prefix::date + (s.id %% 15000)::int)::text
                   WHEN 'phone' THEN k.prefix || lpad((s.id %% 10000000)::text, 7, '0')
                   ELSE k.prefix || s.id || k.suffix END,
       'data_subject', k.activity, now() - interval '900 days'
FROM parties_subject s
CROSS JOIN unnest(%(categories)s::smallint[], %(kinds)s::text[], %(prefixes)s::text[], %(suffixes)s::text[],
                  %(activities)s::text[]) AS k(category, kind, prefix, suffix, activity)
WHERE s.register_id = %(register)s AND NOT EXISTS (SELECT FROM parties_fact f WHERE f.subject_id = s.id)
ORDER BY s.id

-- name: some
-- Members drawn evenly over the ids.
SELECT id FROM parties_subject WHERE register_id = %(register)s AND id %% 100 <> 0 ORDER BY md5(id::text) LIMIT %(count)s

-- name: copies
-- The same rows for whoever works without Tillit: the same keys, indexes and links, no row security.
DROP TABLE IF EXISTS bench_fact, bench_relationship, bench_subject;
CREATE TABLE bench_subject (LIKE parties_subject INCLUDING ALL);
CREATE TABLE bench_relationship (LIKE parties_relationship INCLUDING ALL);
CREATE TABLE bench_fact (LIKE parties_fact INCLUDING ALL);
INSERT INTO bench_subject SELECT * FROM parties_subject;
INSERT INTO bench_relationship SELECT * FROM parties_relationship;
INSERT INTO bench_fact SELECT * FROM parties_fact;
ALTER TABLE bench_relationship ADD FOREIGN KEY (subject_id) REFERENCES bench_subject (id);
ALTER TABLE bench_fact ADD FOREIGN KEY (subject_id) REFERENCES bench_subject (id);
ALTER TABLE bench_subject ADD FOREIGN KEY (alias_of_id) REFERENCES bench_subject (id);
GRANT SELECT, INSERT, UPDATE, DELETE ON bench_subject, bench_relationship, bench_fact TO tillit_app

-- name: same_links
-- Every other table that refers to people refers to these, too, as in the installation whose rows they are.
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT c.conrelid::regclass AS refers, row_number() OVER (ORDER BY c.conrelid) AS number
    FROM pg_constraint c
    WHERE c.contype = 'f' AND c.confrelid = 'parties_subject'::regclass AND c.conkey = (
        SELECT array_agg(a.attnum) FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attname = 'subject_id')
      AND c.conrelid NOT IN ('parties_fact'::regclass, 'parties_relationship'::regclass)
  LOOP
    EXECUTE format('CREATE TABLE bench_of_%s (LIKE %s INCLUDING ALL)', one.number, one.refers);
    EXECUTE format('ALTER TABLE bench_of_%s ADD FOREIGN KEY (subject_id) REFERENCES bench_subject (id)', one.number);
  END LOOP;
END
$$

-- name: delete_facts
-- What the rule of the declaration says, as a careful programmer writes it for this one table: of those who left, all;
-- of those who stay, names and addresses a year after they were replaced.
DELETE FROM bench_fact f USING bench_relationship r
WHERE r.subject_id = f.subject_id AND r.ended <= %(today)s
  AND NOT EXISTS (SELECT FROM bench_relationship o
                  WHERE o.subject_id = f.subject_id AND (o.ended IS NULL OR o.ended > %(today)s))

-- name: delete_replaced
-- The second half of the same rule.
DELETE FROM bench_fact WHERE category = ANY (%(named)s::smallint[]) AND superseded_at < %(today)s::date - interval '1 year'

-- name: delete_relationships
-- The relationships themselves.
DELETE FROM bench_relationship r
WHERE r.ended <= %(today)s
  AND NOT EXISTS (SELECT FROM bench_relationship o
                  WHERE o.subject_id = r.subject_id AND (o.ended IS NULL OR o.ended > %(today)s))

-- name: delete_subjects
-- And who is left with nothing.
DELETE FROM bench_subject s
WHERE NOT EXISTS (SELECT FROM bench_relationship r WHERE r.subject_id = s.id)
  AND NOT EXISTS (SELECT FROM bench_fact f WHERE f.subject_id = s.id)

-- name: person_facts
-- What a hand-written answer reads first.
SELECT * FROM bench_fact WHERE subject_id = %(subject)s ORDER BY recorded_at, id

-- name: person_relationships
-- And then.
SELECT * FROM bench_relationship WHERE subject_id = %(subject)s ORDER BY recorded_at, id

-- name: delete_person_facts
-- A hand-written erasure, first part.
DELETE FROM bench_fact WHERE subject_id = %(subject)s

-- name: delete_person_relationships
-- Second part.
DELETE FROM bench_relationship WHERE subject_id = %(subject)s

-- name: delete_person
-- Last part.
DELETE FROM bench_subject WHERE id = %(subject)s

-- name: end_relationships
-- The people who will ask for erasure have left: nothing but law and evidence keeps their rows.
UPDATE parties_relationship SET ended = %(today)s::date - 1, end_reason = 'left' WHERE subject_id = ANY (%(subjects)s)
