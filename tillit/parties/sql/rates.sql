-- name: count
-- Counts one more try in the window that began at %(window)s, and returns how many there are now.
INSERT INTO parties_rate (digest, window_start, count) VALUES (%(digest)s, %(window)s, 1)
ON CONFLICT (digest, window_start) DO UPDATE SET count = parties_rate.count + 1
RETURNING count

-- name: look
-- How many tries there are in the window that began at %(window)s.
SELECT coalesce(max(count), 0) FROM parties_rate WHERE digest = %(digest)s AND window_start = %(window)s
