-- name: for_member
-- What a member sees on a day: the latest published edition of each benefit that is valid for the union, and for the
-- member's type of membership and agreements, with the last day after which it no longer is. Words narrow it, each by a
-- part of a word or by likeness (trigrams); the likest first, else by category and name.
WITH valid AS (
  SELECT v.benefit_id, CASE WHEN bool_or(v.ends IS NULL) THEN NULL ELSE max(v.ends) END AS ends
    FROM benefits_validity v
   WHERE v.controller_id = %(controller)s AND v.starts <= %(on)s AND (v.ends IS NULL OR v.ends > %(on)s)
     AND v.agreement = ANY (array_append(%(agreements)s::text[], '')) AND v.membership_type IN ('', %(type)s)
   GROUP BY v.benefit_id
), current AS (
  SELECT DISTINCT ON (e.benefit_id) e.id, e.benefit_id, e.category_id, e.search
    FROM benefits_edition e JOIN valid USING (benefit_id)
   WHERE e.published_at <= %(at)s
   ORDER BY e.benefit_id, e.number DESC
), liked AS (
  SELECT c.id, c.benefit_id, c.category_id, coalesce(sum(word_similarity(w.word, c.search)), 0) AS likeness
    FROM current c LEFT JOIN unnest(%(words)s::text[]) AS w (word) ON true
   GROUP BY c.id, c.benefit_id, c.category_id, c.search
  HAVING coalesce(bool_and(w.word IS NULL OR strpos(c.search, w.word) > 0 OR word_similarity(w.word, c.search) >= 0.5), true)
)
SELECT l.id, v.ends
  FROM liked l
  JOIN valid v USING (benefit_id)
  JOIN benefits_benefit b ON b.id = l.benefit_id
  JOIN benefits_category g ON g.id = l.category_id
 WHERE (b.withdrawn_on IS NULL OR b.withdrawn_on > %(on)s)
   AND (%(category)s = '' OR g.key = %(category)s) AND (%(benefit)s = '' OR b.key = %(benefit)s)
 ORDER BY l.likeness DESC, g.position, g.key, b.key;

-- name: draw
-- One code of the benefit's pool that nobody else is drawing, taken out of it; no row when there is none left.
DELETE FROM benefits_pool_code
 WHERE id = (SELECT id FROM benefits_pool_code WHERE benefit_id = %(benefit)s ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING text;

-- name: count
-- One more time in the month: a number, whoever it was.
INSERT INTO benefits_use_count AS u (controller_id, benefit_id, month, what, times)
VALUES (%(controller)s, %(benefit)s, %(month)s, %(what)s, 1)
ON CONFLICT (controller_id, benefit_id, month, what) DO UPDATE SET times = u.times + 1;
