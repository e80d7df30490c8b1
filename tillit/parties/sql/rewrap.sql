-- name: keys
-- The next wrapped data keys behind (after_subject, after_controller), locked until they are wrapped anew.
SELECT subject_id, controller_id, wrapped FROM parties_data_key
WHERE (subject_id, controller_id) > (%(subject)s, %(controller)s)
ORDER BY subject_id, controller_id LIMIT %(limit)s FOR UPDATE

-- name: put
-- The same keys, wrapped anew.
UPDATE parties_data_key k SET wrapped = n.wrapped
FROM unnest(%(subjects)s::bigint[], %(controllers)s::integer[], %(wrapped)s::bytea[]) AS n(subject_id, controller_id, wrapped)
WHERE k.subject_id = n.subject_id AND k.controller_id = n.controller_id
