-- name: new
-- Entries in no segment yet, the oldest first, as JSON; locked until they are marked as shipped.
SELECT j.id, to_jsonb(j)::text FROM parties_journal j WHERE NOT j.shipped ORDER BY j.id LIMIT %(most)s FOR UPDATE

-- name: shipped
-- These entries stand in a segment that is on disk.
UPDATE parties_journal SET shipped = true WHERE id = ANY (%(ids)s)

-- name: take_in
-- One entry of a segment, once, as it was shipped.
INSERT INTO parties_journal
SELECT * FROM jsonb_populate_record(NULL::parties_journal, %(entry)s::jsonb || '{"shipped": true}')
ON CONFLICT (id) DO NOTHING

-- name: continue
-- New entries are numbered after those taken in.
SELECT setval(pg_get_serial_sequence('parties_journal', 'id'), greatest((SELECT max(id) FROM parties_journal), 1))

-- name: prune
-- Entries older than any dump that may be restored.
DELETE FROM parties_journal WHERE recorded_at < %(before)s AND shipped

-- name: waiting
-- When the oldest entry in no segment was written.
SELECT min(recorded_at) FROM parties_journal WHERE NOT shipped
