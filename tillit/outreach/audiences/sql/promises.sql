-- name: audiences
-- Who is in an audience of the controller's and should not be: no yes, or a no, for more than a quarter of an hour (the
-- worker takes them out within minutes); who is restricted or dead and still at the network, told by the digest of what it
-- acknowledged to hold; what is no hash; who is there without an entry in the disclosure log.
WITH mine AS (
  SELECT m.*, a.network, coalesce(s.alias_of_id, s.id) AS person FROM audiences_member m
  JOIN audiences_audience a ON a.id = m.audience_id JOIN parties_subject s ON s.id = m.subject_id
  WHERE m.controller_id = %(controller)s
), said AS (
  SELECT person, bool_or(consented) AS consented, bool_or(objected) AS objected, max(since) AS since FROM (
    SELECT DISTINCT ON (coalesce(s.alias_of_id, s.id)) coalesce(s.alias_of_id, s.id) AS person, c.consented, c.objected, c.since
    FROM consent_choice c JOIN parties_subject s ON s.id = c.subject_id
    WHERE c.controller_id = %(controller)s AND c.activity = 'advertising' AND c.channel IN ('', 'ads')
    ORDER BY coalesce(s.alias_of_id, s.id), c.channel DESC
  ) x GROUP BY person
), barred AS (
  SELECT DISTINCT m.audience_id, m.subject_id FROM mine m JOIN parties_subject s ON coalesce(s.alias_of_id, s.id) = m.person
  WHERE EXISTS (SELECT FROM consent_restriction r WHERE r.subject_id = s.id AND r.lifted IS NULL
      AND r.since < %(now)s::timestamptz - interval '15 minutes')
    OR EXISTS (SELECT FROM parties_fact f WHERE f.subject_id = s.id AND f.kind = 'deceased' AND f.superseded_at IS NULL
      AND f.recorded_at < %(now)s::timestamptz - interval '15 minutes')
    OR EXISTS (SELECT FROM parties_relationship t WHERE t.subject_id = s.id AND t.controller_id = %(controller)s
      AND t.end_reason = 'deceased' AND t.recorded_at < %(now)s::timestamptz - interval '15 minutes')
), others AS (
  SELECT a.id, encode(sha256(convert_to(concat_ws(E'\n', a.outside, (
    SELECT string_agg(o.email || ':' || o.phone, E'\n' ORDER BY o.email COLLATE "C", o.phone COLLATE "C") FROM (
      SELECT DISTINCT m.email, m.phone FROM mine m WHERE m.audience_id = a.id
        AND NOT EXISTS (SELECT FROM barred b WHERE b.audience_id = m.audience_id AND b.subject_id = m.subject_id)
    ) o)), 'UTF8')), 'hex') AS digest
  FROM audiences_audience a WHERE a.controller_id = %(controller)s
)
SELECT 'fault', 'people are in audiences without having said yes', count(*) FROM mine m
LEFT JOIN said USING (person)
WHERE (said.consented IS NOT TRUE OR said.objected)
  AND coalesce(said.since, m.added_at) < %(now)s::timestamptz - interval '15 minutes'
UNION ALL
SELECT 'fault', 'people who are restricted or dead are still in audiences', count(*) FROM barred b
JOIN audiences_audience a ON a.id = b.audience_id JOIN others o ON o.id = a.id
WHERE a.ended_at IS NULL AND a.acknowledged <> o.digest
UNION ALL
SELECT 'fault', 'addresses in audiences are not hashed', count(*) FROM mine m
WHERE m.email !~ '^([0-9a-f]{64})?$' OR m.phone !~ '^([0-9a-f]{64})?$'
UNION ALL
SELECT 'fault', 'people are at networks without an entry in the disclosure log', count(*) FROM mine m
WHERE NOT EXISTS (SELECT FROM disclosure_disclosure d WHERE d.subject_id = m.subject_id
  AND d.controller_id = m.controller_id AND d.recipient = m.network AND d.activity = 'advertising')
UNION ALL
SELECT 'fault', 'audiences could not be brought up to date for an hour', count(*) FROM audiences_audience a
WHERE a.controller_id = %(controller)s AND a.ended_at IS NULL AND a.failure <> ''
  AND NOT EXISTS (SELECT FROM audiences_run r WHERE r.audience_id = a.id AND r.at > %(now)s::timestamptz - interval '1 hour')
  AND a.tries > 5
UNION ALL SELECT '', 'in_audiences', count(*) FROM mine
