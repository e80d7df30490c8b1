-- name: protected_addresses
-- Parts of addresses in clear of people whose address is protected, of every subject of theirs; and how many are.
WITH hidden AS (
  SELECT DISTINCT coalesce(s.alias_of_id, s.id) AS person FROM parties_fact f JOIN parties_subject s ON s.id = f.subject_id
  WHERE f.kind = 'address.protection' AND f.superseded_at IS NULL
)
SELECT 'fault', 'parts of protected addresses stand in clear', count(*)
FROM parties_fact f JOIN parties_subject s ON s.id = f.subject_id
WHERE f.kind IN ('address.street', 'address.postal_code', 'address.city', 'address.country')
  AND coalesce(s.alias_of_id, s.id) IN (SELECT person FROM hidden)
UNION ALL SELECT '', 'protected', count(*) FROM hidden
