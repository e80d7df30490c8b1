-- What a restore does about people who were handed over since the dump.

-- name: back
-- Who went over within the installation, and the dump does not hold it: they are at their giver in it.
SELECT DISTINCT j.subject_id FROM parties_journal j WHERE j.kind = 'erasure' AND j.hinges_on IS NOT NULL
  AND NOT EXISTS (SELECT FROM privacy_handover_moved m WHERE m.token = j.hinges_on)
  AND EXISTS (SELECT FROM parties_subject s WHERE s.id = j.subject_id) ORDER BY 1

-- name: forget
-- What was done at the giver, of those.
DELETE FROM parties_journal j WHERE j.hinges_on IS NOT NULL
  AND NOT EXISTS (SELECT FROM privacy_handover_moved m WHERE m.token = j.hinges_on)

-- name: expected
-- Whose people are to come, with the last thing that was said of it: until when, and whether it is closed.
INSERT INTO privacy_handover_expected AS e (id, receiver_id, giver, fingerprint, expected_at, until, closed_at, arrived)
SELECT r.id, r.receiver_id, r.giver, r.fingerprint, r.expected_at, r.until, r.closed_at, 0
FROM jsonb_populate_record(NULL::privacy_handover_expected, %(row)s::jsonb) r
ON CONFLICT (id) DO UPDATE SET until = EXCLUDED.until, closed_at = EXCLUDED.closed_at

-- name: arrived
-- Somebody who came since the dump, and is therefore not in it: to come again.
INSERT INTO privacy_handover_arrived (expected_id, reference, digest, counts, arrived_at, lost_at)
SELECT (r ->> 'expected')::bigint, r ->> 'reference', r ->> 'digest', '{}', (r ->> 'arrived_at')::timestamptz,
       (r ->> 'now')::timestamptz
FROM (SELECT %(row)s::jsonb AS r) x
ON CONFLICT (expected_id, reference) DO NOTHING

-- name: handover
-- The hand-over that a parcel belongs to, as it was planned.
INSERT INTO privacy_handover
SELECT r.* FROM jsonb_populate_record(NULL::privacy_handover, %(row)s::jsonb) r
ON CONFLICT DO NOTHING

-- name: sent
-- A parcel that left since the dump and is not safe yet: sent again until it is.
INSERT INTO privacy_handover_sent (handover_id, reference, message, "left", left_at)
SELECT (r ->> 'handover')::bigint, r ->> 'reference', decode(r ->> 'message', 'hex'), r -> 'left',
       (r ->> 'left_at')::timestamptz
FROM (SELECT %(row)s::jsonb AS r) x
ON CONFLICT (handover_id, reference) DO NOTHING

-- name: continue
-- New rows are numbered after those put back.
SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest((SELECT max(id) FROM {table}), 1))
