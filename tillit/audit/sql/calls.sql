-- How Python calls the functions of functions.sql.

-- name: append
-- One event for each subject.
SELECT audit_append(%(controller)s, %(type)s, %(at)s, %(actor_kind)s, %(actor_ref)s, %(activity)s,
                    %(subjects)s::bigint[], %(batch)s, %(details)s::jsonb)

-- name: controllers
-- Every controller with a chain or a queue, and the installation.
SELECT audit_controllers()

-- name: lock
-- Whether we are now the controller's only chainer.
SELECT audit_lock(%(controller)s)

-- name: head
-- The last link.
SELECT seq, hash, key_version, linked_at FROM audit_head(%(controller)s)

-- name: unlinked
-- The next events to link.
SELECT * FROM audit_unlinked(%(controller)s, %(limit)s)

-- name: extend
-- The new links.
SELECT audit_extend(%(controller)s, %(first)s, %(previous)s, %(events)s::bigint[], %(leaves)s::bytea[],
                    %(hashes)s::bytea[], %(linked_at)s, %(key_version)s::smallint)

-- name: page
-- The next links with their events.
SELECT * FROM audit_page(%(controller)s, %(after)s, %(limit)s)

-- name: strays
-- Events that neither chain nor queue accounts for.
SELECT kind, event_id, of_kind FROM audit_strays(%(controller)s, %(limit)s)

-- name: window
-- How many events wait to be linked, and since when.
SELECT waiting, oldest FROM audit_window(%(controller)s)

-- name: waiting_disposals
-- Disposals on record that are not linked yet.
SELECT batch, details FROM audit_waiting_disposals(%(controller)s)

-- name: since
-- The next events of a controller by record time.
SELECT * FROM audit_since(%(controller)s, %(since)s, %(after)s, %(limit)s)

-- name: dispose
-- How many linked events were removed.
SELECT audit_dispose(%(subjects)s::bigint[], %(ids)s::text[])
