-- name: staged_table
-- Days of a file on their way into `power_reading_day`: of this connection alone, and gone with it.
CREATE TEMPORARY TABLE IF NOT EXISTS power_staged (
  number integer NOT NULL, gsrn text NOT NULL, direction smallint NOT NULL, day date NOT NULL,
  resolution smallint NOT NULL, wh bytea NOT NULL, quality bytea NOT NULL, registered bytea NOT NULL
) ON COMMIT DELETE ROWS

-- name: matched_table
-- The same with the person's point that was supplied on the day.
CREATE TEMPORARY TABLE IF NOT EXISTS power_matched (
  number integer NOT NULL, subject_id bigint NOT NULL, point_id bigint NOT NULL, state smallint NOT NULL,
  direction smallint NOT NULL, day date NOT NULL, resolution smallint NOT NULL, wh bytea NOT NULL,
  quality bytea NOT NULL, registered bytea NOT NULL
) ON COMMIT DELETE ROWS

-- name: merged_table
-- Days that are there and change: what they are to be.
CREATE TEMPORARY TABLE IF NOT EXISTS power_merged (
  subject_id bigint NOT NULL, id bigint NOT NULL, resolution smallint NOT NULL, wh bytea NOT NULL,
  quality bytea NOT NULL, registered bytea NOT NULL
) ON COMMIT DELETE ROWS

-- name: empty
-- What an earlier round of the same transaction left.
TRUNCATE power_staged, power_matched, power_merged

-- name: alone
-- One set of readings at a time for a controller: what two would merge into the same day is merged one after another.
SELECT pg_advisory_xact_lock(hashtextextended('power readings', %(controller)s))

-- name: match
-- Staged days → the point that was supplied on the day; of a person whose processing is restricted, too, whose rows are
-- stored as restricted.
INSERT INTO power_matched
SELECT s.number, p.subject_id, p.id, p.state, s.direction, s.day, s.resolution, s.wh, s.quality, s.registered
FROM power_staged s
JOIN power_point p ON p.controller_id = %(controller)s AND p.gsrn = s.gsrn
WHERE EXISTS (
  SELECT FROM power_contract c
  WHERE c.subject_id = p.subject_id AND c.point_id = p.id AND c.starts <= s.day AND (c.ends IS NULL OR c.ends > s.day)
)

-- name: unmatched
-- Staged days of no point that was supplied on the day: their number, and whether the point is known.
SELECT s.number, EXISTS (SELECT FROM power_point p WHERE p.controller_id = %(controller)s AND p.gsrn = s.gsrn)
FROM power_staged s
WHERE NOT EXISTS (SELECT FROM power_matched m WHERE m.number = s.number)
ORDER BY s.number

-- name: add
-- Days of which nothing was there.
INSERT INTO power_reading_day
  (subject_id, controller_id, state, point_id, direction, day, resolution, wh, quality, registered, version)
SELECT m.subject_id, %(controller)s, m.state, m.point_id, m.direction, m.day, m.resolution, m.wh, m.quality,
       m.registered, 1
FROM power_matched m
WHERE NOT EXISTS (
  SELECT FROM power_reading_day r
  WHERE r.subject_id = m.subject_id AND r.point_id = m.point_id AND r.direction = m.direction AND r.day = m.day
)

-- name: differing
-- Days that are there otherwise than they came: as they are, then as they came.
SELECT r.subject_id, r.id, r.point_id, r.state, r.direction, r.day, r.resolution, r.wh, r.quality, r.registered,
       m.resolution, m.wh, m.quality, m.registered
FROM power_matched m
JOIN power_reading_day r
  ON r.subject_id = m.subject_id AND r.point_id = m.point_id AND r.direction = m.direction AND r.day = m.day
WHERE (r.resolution, r.wh, r.quality, r.registered) IS DISTINCT FROM (m.resolution, m.wh, m.quality, m.registered)
ORDER BY r.subject_id, r.id

-- name: noted
-- The corrections there are of days.
SELECT c.subject_id, c.point_id, c.direction, c.day, c.resolution, c.wh, c.quality, c.registered
FROM power_reading_correction c
JOIN unnest(%(subjects)s::bigint[], %(points)s::bigint[], %(directions)s::smallint[], %(days)s::date[])
  AS d (subject_id, point_id, direction, day)
  ON (c.subject_id, c.point_id, c.direction, c.day) = (d.subject_id, d.point_id, d.direction, d.day)

-- name: change
-- Days as they are to be.
UPDATE power_reading_day r
SET resolution = m.resolution, wh = m.wh, quality = m.quality, registered = m.registered, version = r.version + 1,
    recorded_at = tillit_now()
FROM power_merged m WHERE r.subject_id = m.subject_id AND r.id = m.id

-- name: months
-- The months of consumption that this round's days are in: one row of all values where every hour is there. A month whose
-- first or last day is not there is not looked at.
WITH touched AS (
  SELECT DISTINCT m.subject_id, m.point_id, m.state, m.day - extract(day FROM m.day)::integer + 1 AS month
  FROM power_matched m WHERE m.direction = 1
), looked AS (
  SELECT t.*, (t.month + interval '1 month')::date AS after FROM touched t
), made AS (
  SELECT k.subject_id, k.point_id, k.state, k.month, d.wh, d.days = k.after - k.month AND d.whole AS whole
  FROM looked k
  CROSS JOIN LATERAL (
    SELECT string_agg(r.wh, ''::bytea ORDER BY r.day) AS wh, count(*) AS days,
           bool_and(r.resolution = 60 AND position('\x00'::bytea IN r.quality) = 0) AS whole
    FROM power_reading_day r
    WHERE r.subject_id = k.subject_id AND r.point_id = k.point_id AND r.direction = 1
      AND r.day >= k.month AND r.day < k.after
  ) d
  WHERE (
    SELECT count(*) FROM power_reading_day r
    WHERE r.subject_id = k.subject_id AND r.point_id = k.point_id AND r.direction = 1 AND r.day IN (k.month, k.after - 1)
  ) = 2
)
INSERT INTO power_reading_month AS x (subject_id, controller_id, state, point_id, month, wh)
SELECT d.subject_id, %(controller)s, d.state, d.point_id, d.month, d.wh FROM made d WHERE d.whole
ON CONFLICT (subject_id, point_id, month) DO UPDATE SET wh = excluded.wh, recorded_at = tillit_now()
WHERE x.wh <> excluded.wh

-- name: changed
-- Whose days changed.
SELECT DISTINCT subject_id FROM power_merged

-- name: months_in_quarters
-- Take away the months of which a day has come in quarters.
DELETE FROM power_reading_month m
USING power_merged d JOIN power_reading_day r ON r.subject_id = d.subject_id AND r.id = d.id
WHERE m.subject_id = r.subject_id AND m.point_id = r.point_id AND r.direction = 1 AND r.resolution <> 60
  AND m.month = r.day - extract(day FROM r.day)::integer + 1

-- name: months_outside
-- Take away the months of a point of which a day is not there any more.
DELETE FROM power_reading_month m
WHERE m.subject_id = %(subject)s AND m.point_id = %(point)s AND (
  SELECT count(*) FROM power_reading_day r
  WHERE r.subject_id = m.subject_id AND r.point_id = m.point_id AND r.direction = 1
    AND r.day >= m.month AND r.day < (m.month + interval '1 month')::date
) < (m.month + interval '1 month')::date - m.month

-- name: days_outside
-- Take away the days of a point on which it was not supplied to its person.
DELETE FROM power_reading_day r
WHERE r.subject_id = %(subject)s AND r.point_id = %(point)s AND NOT EXISTS (
  SELECT FROM power_contract c
  WHERE c.subject_id = r.subject_id AND c.point_id = r.point_id AND c.starts <= r.day AND (c.ends IS NULL OR c.ends > r.day)
)
RETURNING r.direction, r.day, r.resolution, r.wh, r.quality, r.registered

-- name: corrections_outside
-- And what gave way on such days.
DELETE FROM power_reading_correction r
WHERE r.subject_id = %(subject)s AND r.point_id = %(point)s AND NOT EXISTS (
  SELECT FROM power_contract c
  WHERE c.subject_id = r.subject_id AND c.point_id = r.point_id AND c.starts <= r.day AND (c.ends IS NULL OR c.ends > r.day)
)
RETURNING r.direction, r.day, r.resolution, r.wh, r.quality, r.registered
