-- name: search
-- People whose current names match every word asked for, by prefix or trigram likeness, the likest first. Within a scope.
WITH word AS (
  SELECT lower(w) AS said, replace(replace(replace(lower(w), '\', '\\'), '%%', '\%%'), '_', '\_') || '%%' AS start
  FROM unnest(%(words)s::text[]) AS w
), part AS (
  SELECT subject_id, regexp_split_to_table(lower(value), '[[:space:]-]+') AS name
  FROM parties_fact
  WHERE kind = ANY (%(kinds)s) AND superseded_at IS NULL
), hit AS (
  SELECT p.subject_id, w.said, max(CASE WHEN p.name LIKE w.start THEN 1 ELSE similarity(p.name, w.said) END) AS likeness
  FROM part p JOIN word w ON p.name LIKE w.start OR similarity(p.name, w.said) >= %(least)s
  GROUP BY p.subject_id, w.said
)
SELECT subject_id FROM hit GROUP BY subject_id
HAVING count(*) = (SELECT count(DISTINCT said) FROM word)
ORDER BY sum(likeness) DESC, subject_id LIMIT %(limit)s
