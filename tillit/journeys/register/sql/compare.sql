-- name: staged_table
-- The good rows of a file, as they were checked: digests of numbers, words as ids. `fresh`: the id of the row's person,
-- where nobody is known by it; drawn at once for many, which the strong generator does in a hundredth of the time. This
-- connection's own.
CREATE TEMP TABLE register_staged (
  line bigint, listed uuid, member uuid, "national" uuid, number text, given text, family text, street text,
  postal_code text, city text, born date, gender text, type_id bigint, section_id bigint, workplace_id bigint,
  payer_id bigint, agreements bigint[], joined date, ended date, end_reason text, moved_from text, moved_to text,
  fresh bigint)

-- name: listed
-- The digests of the rows by which the union's open memberships are listed, and whose they are in the same order: two
-- values, since a row for each costs its reader more than all the rest.
SELECT coalesce(string_agg(uuid_send(listed), ''), ''), coalesce(string_agg(int8send(subject_id), ''), '')
FROM membership_period
WHERE controller_id = %(controller)s AND ends IS NULL AND listed IS NOT NULL

-- name: fingerprint
-- How many memberships are listed, and one hash of the digests by which they are, each with whose it is.
SELECT count(*), bit_xor(uuid_hash_extended(listed, subject_id)) FROM membership_period
WHERE controller_id = %(controller)s AND ends IS NULL AND listed IS NOT NULL

-- name: matched
-- Each staged row with who it is: `known` by member number, else by national number. Both together must be one person's,
-- and no number stands on two rows.
CREATE TEMP TABLE register_matched AS
WITH m AS (
  SELECT digest, subject_id FROM directory_resolve(%(register)s, 4::smallint, (SELECT array_agg(member) FROM register_staged))
), n AS (
  SELECT digest, subject_id FROM directory_resolve(%(register)s, 1::smallint,
    (SELECT array_agg("national") FROM register_staged WHERE "national" IS NOT NULL))
), m2 AS (SELECT member FROM register_staged GROUP BY member HAVING count(*) > 1
), n2 AS (SELECT "national" FROM register_staged WHERE "national" IS NOT NULL GROUP BY "national" HAVING count(*) > 1)
SELECT s.*, coalesce(m.subject_id, n.subject_id) AS known, m.subject_id IS NULL AS new_number,
       s."national" IS NOT NULL AND n.subject_id IS NULL AS new_national,
       CASE WHEN m2.member IS NOT NULL THEN 'member-number-doubled'
            WHEN n2."national" IS NOT NULL THEN 'national-number-doubled'
            WHEN m.subject_id <> n.subject_id THEN 'number-of-another' END AS fault
FROM register_staged s
LEFT JOIN m ON m.digest = s.member LEFT JOIN n ON n.digest = s."national"
LEFT JOIN m2 ON m2.member = s.member LEFT JOIN n2 ON n2."national" = s."national"

-- name: one_row_each
-- Two rows that lead to one person by different numbers, or to one whose unchanged row is in the file, too: neither.
UPDATE register_matched SET fault = 'number-of-another'
WHERE known IS NOT NULL AND fault IS NULL AND (known = ANY (%(unchanged)s) OR known IN (
  SELECT known FROM register_matched WHERE known IS NOT NULL GROUP BY known HAVING count(*) > 1))

-- name: standing
-- The open memberships of those who are known, as far as they are live or restricted. The relationship judges: a row
-- left open of somebody who is no member any more is none.
CREATE TEMP TABLE register_standing AS
SELECT m.subject_id, m.id, m.type_id, m.section_id, m.workplace_id, m.payer_id, m.starts, m.joined, m.moved_from,
       m.state, m.listed
FROM membership_period m
WHERE m.controller_id = %(controller)s AND m.ends IS NULL
  AND m.subject_id IN (SELECT known FROM register_matched WHERE known IS NOT NULL)
  AND EXISTS (SELECT FROM parties_relationship r WHERE r.subject_id = m.subject_id AND r.controller_id = %(controller)s
              AND r.kind = 'member' AND r.ended IS NULL)

-- name: past
-- Whose membership has ended, when last and why, and the first day that no stretch of it holds (`free`). What lies in
-- the archive, too: read for joining again.
CREATE TEMP TABLE register_past AS
SELECT r.subject_id, max(r.ended) AS ended, (array_agg(r.end_reason ORDER BY r.ended DESC))[1] AS reason,
       bool_or(r.ended IS NULL) AS open, max(r.state) AS state,
       (SELECT max(coalesce(m.ends, m.starts)) FROM membership_period m
        WHERE m.subject_id = r.subject_id AND m.controller_id = %(controller)s) AS free
FROM parties_relationship r
WHERE r.controller_id = %(controller)s AND r.kind = 'member'
  AND r.subject_id IN (SELECT known FROM register_matched WHERE known IS NOT NULL)
  AND r.subject_id NOT IN (SELECT subject_id FROM register_standing)
GROUP BY r.subject_id

-- name: compared
-- What is to be done with each row, new people first, in the order of people, so that indexes grow at one end: join, return, keep (the
-- membership goes on), end, nothing (it had ended before), restricted. New people get their ids here. What the file has no
-- column for stays as it is.
CREATE TEMP TABLE register_row AS
SELECT r.line, r.listed, r.member, r."national", r.number, r.given, r.family, r.street, r.postal_code, r.city, r.born, r.gender,
  r.type_id,
  CASE WHEN %(section)s THEN r.section_id ELSE s.section_id END AS section_id,
  CASE WHEN %(workplace)s THEN r.workplace_id ELSE s.workplace_id END AS workplace_id,
  CASE WHEN %(payer)s THEN r.payer_id ELSE s.payer_id END AS payer_id,
  CASE WHEN %(agreements)s THEN coalesce(r.agreements, '{}') END AS agreements,
  r.joined, r.ended, r.end_reason, coalesce(r.moved_from, '') AS moved_from, coalesce(r.moved_to, '') AS moved_to,
  r.known, r.new_number, r.new_national, s.id AS standing,
  CASE WHEN r.fault IS NOT NULL THEN r.fault
       WHEN p.ended > r.joined AND p.reason IN ('own_wish', 'resigned', 'excluded', 'died', 'deceased', 'handed_over')
         AND r.ended IS NULL AND NOT p.open THEN 'left-since' END AS fault,
  CASE WHEN s.state = 1 OR p.state IN (1, 3) THEN 'restricted'
       WHEN s.id IS NOT NULL AND r.ended IS NOT NULL THEN 'end'
       WHEN r.ended IS NOT NULL THEN 'nothing'
       WHEN s.id IS NOT NULL THEN 'keep'
       WHEN r.known IS NULL THEN 'join' ELSE 'return' END AS act,
  CASE WHEN s.id IS NOT NULL THEN s.starts ELSE greatest(r.joined, p.ended, p.free) END AS starts,
  coalesce(p.open, false) AS tied,
  coalesce((s.type_id, s.section_id, s.workplace_id, s.payer_id) IS DISTINCT FROM (r.type_id,
    CASE WHEN %(section)s THEN r.section_id ELSE s.section_id END,
    CASE WHEN %(workplace)s THEN r.workplace_id ELSE s.workplace_id END,
    CASE WHEN %(payer)s THEN r.payer_id ELSE s.payer_id END), false) AND s.id IS NOT NULL AS changed,
  r.subject_id
FROM (SELECT m.*, coalesce(m.known, m.fresh) AS subject_id FROM register_matched m) r
LEFT JOIN register_standing s ON s.subject_id = r.known
LEFT JOIN register_past p ON p.subject_id = r.known
ORDER BY r.known IS NOT NULL, r.subject_id

-- name: homeless
-- Whose address no file gives: it is protected (at any controller of the register, as any subject of theirs, in any
-- state), or they have left the country. Everybody in the register, since a row may lead to either subject of a person.
CREATE TEMP TABLE register_homeless AS
SELECT DISTINCT a.id AS subject_id
FROM parties_fact f JOIN parties_subject s ON s.id = f.subject_id
JOIN parties_subject a ON a.id = coalesce(s.alias_of_id, s.id) OR a.alias_of_id = coalesce(s.alias_of_id, s.id)
WHERE f.kind IN ('address.protection', 'emigrated') AND f.superseded_at IS NULL AND s.register_id = %(register)s

-- name: fact_changes
-- Of those who are known, what the file says otherwise than we have it: `kept` where another than the union said it last,
-- or said that it holds no more, and every part of an address that no file gives.
CREATE TEMP TABLE register_fact AS
SELECT r.subject_id, w.category, w.kind, w.value, f.id AS standing,
       coalesce(f.source <> 'union', EXISTS (
         SELECT FROM parties_fact l WHERE l.subject_id = r.subject_id AND l.controller_id = %(controller)s
           AND l.kind = w.kind))
       OR w.category = 2 AND EXISTS (SELECT FROM register_homeless h WHERE h.subject_id = r.subject_id) AS kept
FROM register_row r
CROSS JOIN LATERAL (VALUES
  (1, 'name.given', r.given), (1, 'name.family', r.family), (1, 'member_number', r.number), (2, 'address.street', r.street),
  (2, 'address.postal_code', r.postal_code), (2, 'address.city', r.city), (3, 'birth_date', r.born::text),
  (4, 'gender', r.gender)) AS w(category, kind, value)
LEFT JOIN parties_fact f ON f.subject_id = r.subject_id AND f.controller_id = %(controller)s AND f.kind = w.kind
  AND f.superseded_at IS NULL
WHERE r.act = 'keep' AND r.fault IS NULL AND w.value IS NOT NULL AND f.value IS DISTINCT FROM w.value

-- name: other_people
-- A member number in use whose holder has another birth date, and no national number says that it is they all the same:
-- somebody else's by mistake, also where rows were shifted.
UPDATE register_row r SET fault = 'other-person'
WHERE r.fault IS NULL AND r.act IN ('keep', 'return', 'end') AND NOT r.new_number AND r.born IS NOT NULL
  AND (r."national" IS NULL OR r.new_national)
  AND EXISTS (SELECT FROM parties_fact f WHERE f.subject_id = r.known AND f.controller_id = %(controller)s
              AND f.kind = 'birth_date' AND f.superseded_at IS NULL AND f.value <> r.born::text)

-- name: faults
-- The rows that comparing found fault with.
SELECT line, fault FROM register_row WHERE fault IS NOT NULL ORDER BY line

-- name: acts
-- How many rows there are of each act, and of those who join or leave, how many by transfer.
SELECT act, count(*), count(*) FILTER (WHERE act IN ('join', 'return') AND moved_from <> ''),
       count(*) FILTER (WHERE act = 'end' AND (moved_to <> '' OR end_reason = 'transferred')),
       count(*) FILTER (WHERE changed)
FROM register_row WHERE fault IS NULL GROUP BY act

-- name: fields
-- How many values change, of each field; and how many stay since another than the union said them last.
SELECT kind, count(*) FILTER (WHERE NOT kept), count(*) FILTER (WHERE kept) FROM register_fact GROUP BY kind
UNION ALL
SELECT w.field, count(*), 0 FROM register_row r JOIN register_standing s ON s.id = r.standing AND s.subject_id = r.subject_id
CROSS JOIN LATERAL (VALUES ('type', r.type_id <> s.type_id), ('section', r.section_id IS DISTINCT FROM s.section_id),
  ('workplace', r.workplace_id IS DISTINCT FROM s.workplace_id), ('payer', r.payer_id IS DISTINCT FROM s.payer_id),
  ('joined', r.joined <> s.joined)) AS w(field, differs)
WHERE r.act = 'keep' AND r.fault IS NULL AND w.differs GROUP BY w.field

-- name: other_names
-- Of how many people a name or the birth date becomes another.
SELECT count(DISTINCT subject_id) FROM register_fact WHERE NOT kept AND kind IN ('name.given', 'name.family', 'birth_date')

-- name: changed_people
-- How many of those who stay are changed in anything.
SELECT count(*) FROM register_row r JOIN register_standing s ON s.id = r.standing AND s.subject_id = r.subject_id
WHERE r.act = 'keep' AND r.fault IS NULL AND (r.changed OR r.joined <> s.joined
  OR EXISTS (SELECT FROM register_fact f WHERE f.subject_id = r.subject_id AND NOT f.kept)
  OR r.agreements IS NOT NULL AND r.agreements <> coalesce((
       SELECT array_agg(c.agreement_id ORDER BY c.agreement_id) FROM membership_cover c
       WHERE c.subject_id = r.subject_id AND c.controller_id = %(controller)s AND c.ends IS NULL), '{}'))

-- name: present
-- Everybody whom a row of the file is about, whatever became of it.
SELECT known FROM register_matched WHERE known IS NOT NULL

-- name: pages
-- How many pages the rows take: a chunk is a range of them.
SELECT pg_relation_size('pg_temp.register_row') / current_setting('block_size')::integer
