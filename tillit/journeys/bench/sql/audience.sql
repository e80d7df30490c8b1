-- name: relationships
-- Every subject of the register a member, for different times.
INSERT INTO parties_relationship (subject_id, controller_id, kind, started, end_reason)
SELECT id, %(controller)s, 'member', %(today)s::date - (id %% 1000)::integer - 1, '' FROM parties_subject WHERE register_id = %(register)s

-- name: facts
-- An address for newsletters of each, and two interests of some.
INSERT INTO parties_fact (subject_id, controller_id, category, kind, value, source, collected_under, collected_at)
SELECT s.id, %(controller)s, k.category, k.kind, k.value || s.id || k.ending, 'data_subject', 'newsletter', now()
FROM parties_subject s CROSS JOIN (VALUES (%(contact)s::smallint, 'marketing.email', 'p', '@eksempel.example', 1),
  (%(interest)s::smallint, 'interest.dining', '', '', 2), (%(interest)s::smallint, 'interest.home', '', '', 3))
  AS k(category, kind, value, ending, one_in)
WHERE s.register_id = %(register)s AND s.id %% k.one_in = 0

-- name: choices
-- Seven in ten have said yes, and one in twenty of all has objected.
INSERT INTO consent_choice (subject_id, controller_id, activity, channel, consented, objected, since)
SELECT id, %(controller)s, 'newsletter', '', id %% 10 < 7, id %% 20 = 0, now() - interval '1 day'
FROM parties_subject WHERE register_id = %(register)s

-- name: by_hand
-- The same set as a careful programmer writes it for these tables, without row security.
SELECT count(*) FROM parties_relationship r
JOIN consent_choice c ON c.subject_id = r.subject_id AND c.activity = 'newsletter' AND c.channel = ''
WHERE r.controller_id = %(controller)s AND r.kind = 'member' AND r.ended IS NULL AND c.consented AND NOT c.objected
  AND r.started <= %(today)s::date - 100
  AND EXISTS (SELECT FROM parties_fact f WHERE f.subject_id = r.subject_id AND f.kind = 'marketing.email'
    AND f.superseded_at IS NULL AND f.failed_at IS NULL)
  AND EXISTS (SELECT FROM parties_fact f WHERE f.subject_id = r.subject_id AND f.kind = 'interest.dining' AND f.superseded_at IS NULL)
  AND NOT EXISTS (SELECT FROM parties_fact f WHERE f.subject_id = r.subject_id AND f.kind = 'interest.home' AND f.superseded_at IS NULL)
