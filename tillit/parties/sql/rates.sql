-- name: count
-- Counts one more try in the window that began at %(window)s, and returns how many there are now.
INSERT INTO parties_rate (digest, window_start, count) VALUES (%(digest)s, %(window)s, 1)
ON CONFLICT (digest, window_start) DO UPDATE SET count = parties_rate.count + 1
RETURNING count
