-- What the check of releases reads.

-- name: cells
-- A controller's releases, their cells, cells under the minimum group or said twice, the smallest group, and pairs of
-- releases of one measure that share a day.
SELECT count(DISTINCT r.id), count(c.id),
       count(c.id) FILTER (WHERE c.people < r.least - 4 OR r.least < 5),
       count(c.id) - count(DISTINCT (r.id, c.labels)) FILTER (WHERE c.id IS NOT NULL),
       coalesce(min(c.people), 0),
       (SELECT count(*) FROM disclosure_release a JOIN disclosure_release b
        ON a.controller_id = b.controller_id AND a.measure = b.measure AND a.id < b.id
        AND a.start < b."end" AND b.start < a."end" WHERE a.controller_id = %(controller)s)
FROM disclosure_release r LEFT JOIN disclosure_release_cell c ON c.release_id = r.id
WHERE r.controller_id = %(controller)s
