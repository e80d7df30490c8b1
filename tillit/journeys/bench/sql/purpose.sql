-- name: source
-- What all three tables are filled from: records of people of the register, ten each, each with its purpose's category.
CREATE TABLE bench_source AS
SELECT s.id AS subject_id, tillit_random_id() AS id, %(controller)s::integer AS controller_id, 0::smallint AS state,
       (%(categories)s::smallint[])[p.place + 1] AS category, (%(purposes)s::text[])[p.place + 1] AS purpose,
       md5(s.id::text || n) || md5(n || s.id::text) || md5(s.id::text) AS data, 'none'::text AS shared_with,
       'data_subject'::text AS source, now() + interval '1 year' AS expires
FROM parties_subject s CROSS JOIN generate_series(1, %(each)s) n
CROSS JOIN LATERAL (SELECT abs(hashint8(s.id # (n * 7919))) %% cardinality(%(purposes)s::text[]) AS place) p
WHERE s.register_id = %(register)s

-- name: records
-- Every record: its person, key and purpose.
SELECT subject_id, id, purpose FROM bench_source ORDER BY id
