-- What the check of the directories reads.

-- name: columns
-- Columns of the directory that could hold an identifier itself.
SELECT attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass('parties_directory') AND a.attnum > 0 AND NOT a.attisdropped
  AND t.typname NOT IN ('int2', 'int4', 'int8', 'uuid', 'timestamptz')

-- name: addresses
-- Some current addresses the register knows.
SELECT subject_id, kind, value FROM parties_fact
WHERE controller_id = %(holder)s AND kind IN ('email', 'phone') AND superseded_at IS NULL
LIMIT 50
