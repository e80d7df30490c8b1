-- Ids of rows are drawn with random(): rows are found by person and id together. Those of people are drawn with the
-- strong generator (as they are staged), which for thirteen rows a member would cost a quarter of all.

-- name: chunk
-- The rows of a range of pages that something is to be done with.
CREATE TEMP TABLE register_chunk AS
SELECT * FROM register_row WHERE ctid >= %(from)s::tid AND ctid < %(until)s::tid AND fault IS NULL
  AND act IN ('join', 'return', 'keep', 'end')

-- name: all_new
-- Whether the rows of a range of pages are about new people only; NULL where there are none.
SELECT bool_and(known IS NULL) FROM register_row WHERE ctid >= %(from)s::tid AND ctid < %(until)s::tid

-- name: taken_out
-- New people of a range of pages, for another connection.
COPY (SELECT * FROM register_row WHERE ctid >= %(from)s::tid AND ctid < %(until)s::tid AND fault IS NULL AND act = 'join')
TO STDOUT (FORMAT BINARY)

-- name: chunk_table
-- The same there: the columns of register_row, in order.
CREATE TEMP TABLE register_chunk (
  line bigint, listed uuid, member uuid, "national" uuid, number text, given text, family text, street text,
  postal_code text, city text, born date, gender text, type_id bigint, section_id bigint, workplace_id bigint,
  payer_id bigint, agreements bigint[], joined date, ended date, end_reason text, moved_from text, moved_to text,
  known bigint, new_number boolean, new_national boolean, standing bigint, fault text, act text, starts date,
  tied boolean, changed boolean, subject_id bigint)

-- name: counts
-- How many of the chunk are new, come back, stay, end; how many have a number that is new.
SELECT count(*) FILTER (WHERE act = 'join'), count(*) FILTER (WHERE act = 'return'), count(*) FILTER (WHERE act = 'keep'),
       count(*) FILTER (WHERE act = 'end'), count(*) FILTER (WHERE new_national AND act <> 'end'), count(*),
       count(*) FILTER (WHERE act IN ('join', 'return') AND moved_from <> ''),
       count(*) FILTER (WHERE act = 'end' AND (moved_to <> '' OR end_reason = 'transferred'))
FROM register_chunk

-- name: subjects
-- New people of the chunk.
INSERT INTO parties_subject (id, register_id)
SELECT subject_id, %(register)s FROM register_chunk WHERE act = 'join'

-- name: ties
-- The relationship of those who join or come back.
INSERT INTO parties_relationship (subject_id, id, controller_id, kind, started, end_reason, state)
SELECT subject_id, (random() * 4611686018427387903)::bigint, %(controller)s, 'member', starts, '', 0 FROM register_chunk
WHERE act IN ('join', 'return') AND NOT tied

-- name: left_open
-- Of those who come back: what stands open although their membership had ended, ends no later than it begins anew.
UPDATE membership_period m SET ends = greatest(m.starts, least(c.starts, %(on)s)), end_reason = 'other', listed = NULL
FROM register_chunk c WHERE c.act = 'return' AND m.subject_id = c.subject_id AND m.controller_id = %(controller)s
  AND m.ends IS NULL
RETURNING m.subject_id, m.id

-- name: left_covered
-- The same of what covered them.
UPDATE membership_cover v SET ends = greatest(v.starts, least(c.starts, %(on)s)) FROM register_chunk c
WHERE c.act = 'return' AND v.subject_id = c.subject_id AND v.controller_id = %(controller)s AND v.ends IS NULL
RETURNING v.subject_id, v.id

-- name: claim_members
-- The member numbers that are new are the people's; how many are held by somebody else meanwhile.
SELECT count(*) FROM directory_claim(%(register)s, 4::smallint,
  (SELECT array_agg(member ORDER BY line) FROM register_chunk WHERE new_number AND act <> 'end'),
  (SELECT array_agg(subject_id ORDER BY line) FROM register_chunk WHERE new_number AND act <> 'end')) d
JOIN register_chunk c ON c.member = d.digest AND c.subject_id <> d.subject_id

-- name: claim_nationals
-- The same of national numbers.
SELECT count(*) FROM directory_claim(%(register)s, 1::smallint,
  (SELECT array_agg("national" ORDER BY line) FROM register_chunk WHERE new_national AND act <> 'end'),
  (SELECT array_agg(subject_id ORDER BY line) FROM register_chunk WHERE new_national AND act <> 'end')) d
JOIN register_chunk c ON c."national" = d.digest AND c.subject_id <> d.subject_id

-- name: first_facts
-- What the file says of new people.
INSERT INTO parties_fact (subject_id, id, controller_id, state, category, kind, value, source, collected_under,
  collected_at)
SELECT c.subject_id, (random() * 4611686018427387903)::bigint, %(controller)s, 0, w.category, w.kind, w.value, 'union', 'register_import', %(at)s
FROM register_chunk c
CROSS JOIN LATERAL (VALUES
  (1::smallint, 'name.given', c.given), (1::smallint, 'name.family', c.family), (1::smallint, 'member_number', c.number),
  (2::smallint, 'address.street', c.street), (2::smallint, 'address.postal_code', c.postal_code),
  (2::smallint, 'address.city', c.city), (3::smallint, 'birth_date', c.born::text), (4::smallint, 'gender', c.gender))
  AS w(category, kind, value)
WHERE c.act = 'join' AND w.value IS NOT NULL
  AND (w.category <> 2 OR NOT EXISTS (SELECT FROM register_homeless h WHERE h.subject_id = c.subject_id))

-- name: returned_facts
-- Of those who come back, now that what was archived is theirs again: what the file says otherwise than the union did.
INSERT INTO register_fact (subject_id, category, kind, value, standing, kept)
SELECT r.subject_id, w.category, w.kind, w.value, f.id, coalesce(f.source <> 'union', false)
FROM register_chunk r
CROSS JOIN LATERAL (VALUES
  (1, 'name.given', r.given), (1, 'name.family', r.family), (1, 'member_number', r.number), (2, 'address.street', r.street),
  (2, 'address.postal_code', r.postal_code), (2, 'address.city', r.city), (3, 'birth_date', r.born::text),
  (4, 'gender', r.gender)) AS w(category, kind, value)
LEFT JOIN parties_fact f ON f.subject_id = r.subject_id AND f.controller_id = %(controller)s AND f.kind = w.kind
  AND f.superseded_at IS NULL
WHERE r.act = 'return' AND w.value IS NOT NULL AND f.value IS DISTINCT FROM w.value

-- name: keep_homeless
-- What has become nobody's to write since the file was compared: addresses that are protected now.
UPDATE register_fact x SET kept = true FROM register_homeless h
WHERE h.subject_id = x.subject_id AND x.category = 2 AND NOT x.kept

-- name: replace_facts
-- What the union said before and says otherwise now holds no more.
UPDATE parties_fact f SET superseded_at = %(at)s FROM register_fact x JOIN register_chunk c ON c.subject_id = x.subject_id
WHERE f.subject_id = x.subject_id AND f.id = x.standing AND NOT x.kept AND c.act IN ('keep', 'return')
RETURNING f.subject_id, f.id, f.kind, f.value

-- name: changed_facts
-- What it says now.
INSERT INTO parties_fact (subject_id, controller_id, state, category, kind, value, source, collected_under, collected_at)
SELECT x.subject_id, %(controller)s, 0, x.category, x.kind, x.value, 'union', 'register_import', %(at)s
FROM register_fact x JOIN register_chunk c ON c.subject_id = x.subject_id WHERE NOT x.kept AND c.act IN ('keep', 'return')
RETURNING subject_id, id

-- name: numbers
-- The rows whose national number is to be sealed: which line's, whose, and whether one stands already.
SELECT c.line, c.subject_id, c.act <> 'join' FROM register_chunk c WHERE c.new_national AND c.act <> 'end' ORDER BY c.subject_id

-- name: sealed_table
-- Sealed national numbers on their way in.
CREATE TEMP TABLE register_sealed (subject_id bigint, sealed bytea)

-- name: replace_sealed
-- A national number that another takes the place of.
UPDATE parties_sealed_fact s SET superseded_at = %(at)s FROM register_sealed x
WHERE s.subject_id = x.subject_id AND s.controller_id = %(controller)s AND s.kind = 'national_number' AND s.superseded_at IS NULL
RETURNING s.subject_id, s.id

-- name: keep_sealed
-- The sealed national numbers.
INSERT INTO parties_sealed_fact (subject_id, id, controller_id, state, category, kind, sealed, last_four, source,
  collected_under, collected_at)
SELECT subject_id, (random() * 4611686018427387903)::bigint, %(controller)s, 0, 5, 'national_number', sealed, '', 'union', 'register_import', %(at)s FROM register_sealed

-- name: end_changed
-- The membership of those whose type, section, workplace or payer is another: this stretch of days ends today.
UPDATE membership_period m SET ends = %(on)s, end_reason = 'changed', listed = NULL FROM register_chunk c
WHERE m.subject_id = c.subject_id AND m.id = c.standing AND c.act = 'keep' AND c.changed AND m.starts < %(on)s
RETURNING m.subject_id, m.id

-- name: begin
-- The stretches of days that begin: of those who join or come back, and those that go on otherwise from today.
INSERT INTO membership_period (subject_id, id, controller_id, state, type_id, section_id, workplace_id, payer_id, joined,
  starts, end_reason, moved_from, moved_to, source, collected_under, listed)
SELECT c.subject_id, (random() * 4611686018427387903)::bigint, %(controller)s, 0, c.type_id, c.section_id, c.workplace_id, c.payer_id, c.joined,
       CASE WHEN c.act = 'keep' THEN %(on)s ELSE c.starts END, '', c.moved_from, '', 'union', 'register_import', c.listed
FROM register_chunk c
WHERE c.act IN ('join', 'return') OR c.act = 'keep' AND c.changed AND c.starts < %(on)s

-- name: correct
-- Memberships that go on: the row they are listed by, the day they count from; and one that began today, all it says.
UPDATE membership_period m SET listed = c.listed, joined = c.joined, type_id = c.type_id, section_id = c.section_id,
  workplace_id = c.workplace_id, payer_id = c.payer_id
FROM register_chunk c
WHERE m.subject_id = c.subject_id AND m.id = c.standing AND c.act = 'keep' AND (NOT c.changed OR c.starts >= %(on)s)
  AND (m.listed, m.joined, m.type_id, m.section_id, m.workplace_id, m.payer_id)
    IS DISTINCT FROM (c.listed, c.joined, c.type_id, c.section_id, c.workplace_id, c.payer_id)
RETURNING m.subject_id, m.id, c.changed OR old.joined <> new.joined

-- name: uncover
-- Agreements that the file no longer names for a member cover them no more.
UPDATE membership_cover v SET ends = greatest(v.starts, %(on)s) FROM register_chunk c
WHERE v.subject_id = c.subject_id AND v.controller_id = %(controller)s AND v.ends IS NULL AND c.act = 'keep'
  AND c.agreements IS NOT NULL AND v.agreement_id <> ALL (c.agreements)
RETURNING v.subject_id, v.id

-- name: first_covers
-- Agreements that cover new people from joining.
INSERT INTO membership_cover (subject_id, id, controller_id, state, agreement_id, starts, source, collected_under)
SELECT c.subject_id, (random() * 4611686018427387903)::bigint, %(controller)s, 0, unnest(c.agreements), c.starts, 'union', 'register_import'
FROM register_chunk c WHERE c.act = 'join'

-- name: cover
-- Agreements that cover a member who comes back or stays; where one did before, from when it no longer does.
INSERT INTO membership_cover (subject_id, id, controller_id, state, agreement_id, starts, source, collected_under)
SELECT c.subject_id, (random() * 4611686018427387903)::bigint, %(controller)s, 0, a.id,
       greatest(CASE WHEN c.act = 'keep' THEN %(on)s ELSE c.starts END,
                (SELECT max(v.ends) FROM membership_cover v WHERE v.subject_id = c.subject_id
                   AND v.controller_id = %(controller)s AND v.agreement_id = a.id)), 'union', 'register_import'
FROM register_chunk c CROSS JOIN LATERAL unnest(c.agreements) AS a(id)
WHERE c.act IN ('return', 'keep') AND NOT EXISTS (
  SELECT FROM membership_cover v WHERE v.subject_id = c.subject_id AND v.controller_id = %(controller)s AND v.ends IS NULL
    AND v.agreement_id = a.id)

-- name: ending_table
-- Whose membership ends, from when, why, and to which other union they went.
CREATE TEMP TABLE register_ending (subject_id bigint, ends date, reason text, moved_to text)

-- name: ending_rows
-- Those of whom the file says so.
INSERT INTO register_ending SELECT subject_id, ended, end_reason, moved_to FROM register_chunk WHERE act = 'end'

-- name: not_listed
-- Those whom a full file does not hold any more.
INSERT INTO register_ending SELECT id, %(on)s, 'not_listed', '' FROM unnest(%(subjects)s::bigint[]) AS gone(id)

-- name: end_memberships
-- Their memberships end.
UPDATE membership_period m SET ends = greatest(m.starts, e.ends), end_reason = e.reason, moved_to = e.moved_to, listed = NULL
FROM register_ending e WHERE m.subject_id = e.subject_id AND m.controller_id = %(controller)s AND m.ends IS NULL
RETURNING m.subject_id, m.id

-- name: end_covers
-- And what covered them.
UPDATE membership_cover v SET ends = greatest(v.starts, e.ends) FROM register_ending e
WHERE v.subject_id = e.subject_id AND v.controller_id = %(controller)s AND v.ends IS NULL
RETURNING v.subject_id, v.id

-- name: end_ties
-- And the relationship, whose end starts the clocks.
UPDATE parties_relationship r SET ended = greatest(r.started, e.ends), end_reason = e.reason FROM register_ending e
WHERE r.subject_id = e.subject_id AND r.controller_id = %(controller)s AND r.kind = 'member' AND r.ended IS NULL
RETURNING r.subject_id, r.id
