-- name: count
-- Counts one more try in the window that began at %(window)s, and returns how many there are now. Where it is a
-- transaction by itself (%(alone)s) it does not wait for the disk: callers of one key queue for its row, and a crash may
-- forget the tries of the last moment.
INSERT INTO parties_rate (digest, window_start, count)
SELECT %(digest)s, %(window)s, 1
FROM (SELECT set_config('synchronous_commit', 'off', true) WHERE %(alone)s UNION ALL SELECT '' WHERE NOT %(alone)s) AS a
ON CONFLICT (digest, window_start) DO UPDATE SET count = parties_rate.count + 1
RETURNING count

-- name: look
-- How many tries there are in the window that began at %(window)s.
SELECT coalesce(max(count), 0) FROM parties_rate WHERE digest = %(digest)s AND window_start = %(window)s

-- name: give_back
-- Takes one try back from the window that began at %(window)s, and returns how many there are now.
UPDATE parties_rate SET count = greatest(count - 1, 0) WHERE digest = %(digest)s AND window_start = %(window)s
RETURNING count
