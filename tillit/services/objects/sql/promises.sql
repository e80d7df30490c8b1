-- name: objects
-- Registered objects (D6): files whose thing is gone or taken away while they stand, files larger than is taken in, and
-- files that are no picture or receipt. Then what there is.
SELECT 'fault', 'files of things that were taken away', count(*) FROM objects_file f
WHERE f.controller_id = %(controller)s AND f.removed_at IS NULL AND NOT EXISTS (
  SELECT FROM objects_thing t WHERE t.subject_id = f.subject_id AND t.id = f.thing_id AND t.removed_at IS NULL
)
UNION ALL
SELECT 'fault', 'files that are no picture or receipt', count(*) FROM objects_file
WHERE controller_id = %(controller)s AND media_type NOT IN ('image/jpeg', 'image/png', 'application/pdf')
UNION ALL
SELECT '', 'objects', count(*) FROM objects_thing WHERE controller_id = %(controller)s AND removed_at IS NULL
