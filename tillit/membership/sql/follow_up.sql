-- Counts for the follow-up of members (B9). Owned by tillit_proof, which cannot log in and may only read: a former
-- member's rows lie in an archive that no activity but joining again reads, and count all the same. What the functions
-- return names nobody; only in a scope for the activity `statistics` of that controller.

-- name: follow_up_movement
-- By month from `in_start` to before `in_end`: who joined, and who left and why. A person who left and came back in a month counts in both.
CREATE FUNCTION follow_up_movement(in_controller integer, in_start date, in_end date)
RETURNS TABLE (month date, what text, reason text, people bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF coalesce(current_setting('tillit.activity', true), '') <> 'statistics'
    OR NOT in_controller = ANY (coalesce(nullif(current_setting('tillit.controllers', true), ''), '{}')::integer[]) THEN
    RAISE insufficient_privilege USING MESSAGE = 'follow-up: the open scope is not for this activity and controller';
  END IF;
  RETURN QUERY
  SELECT date_trunc('month', r.started)::date, 'joined', '', count(DISTINCT r.subject_id) FROM parties_relationship r
  WHERE r.controller_id = in_controller AND r.kind = 'member' AND r.started >= in_start AND r.started < in_end GROUP BY 1
  UNION ALL
  SELECT date_trunc('month', r.ended)::date, 'left', r.end_reason::text, count(DISTINCT r.subject_id)
  FROM parties_relationship r
  WHERE r.controller_id = in_controller AND r.kind = 'member' AND r.ended >= in_start AND r.ended < in_end GROUP BY 1, 3
  UNION ALL
  SELECT in_start, 'standing', '', count(DISTINCT r.subject_id) FROM parties_relationship r
  WHERE r.controller_id = in_controller AND r.kind = 'member' AND r.started < in_start
    AND (r.ended IS NULL OR r.ended >= in_start);
END $$

-- name: follow_up_cohorts
-- Of those who first joined in each year, how many there were, and how many were members so many whole years later.
CREATE FUNCTION follow_up_cohorts(in_controller integer, in_today date)
RETURNS TABLE (cohort integer, years integer, people bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF coalesce(current_setting('tillit.activity', true), '') <> 'statistics'
    OR NOT in_controller = ANY (coalesce(nullif(current_setting('tillit.controllers', true), ''), '{}')::integer[]) THEN
    RAISE insufficient_privilege USING MESSAGE = 'follow-up: the open scope is not for this activity and controller';
  END IF;
  RETURN QUERY
  WITH member AS (
    SELECT r.subject_id, min(r.started) AS joined FROM parties_relationship r
    WHERE r.controller_id = in_controller AND r.kind = 'member' GROUP BY 1
  )
  SELECT extract(year FROM m.joined)::integer, y.years, count(*) FILTER (WHERE EXISTS (
    SELECT FROM parties_relationship r WHERE r.subject_id = m.subject_id AND r.controller_id = in_controller
      AND r.kind = 'member' AND r.started <= m.joined + make_interval(years => y.years)
      AND (r.ended IS NULL OR r.ended > m.joined + make_interval(years => y.years))))
  FROM member m CROSS JOIN generate_series(0, 5) AS y (years)
  WHERE m.joined + make_interval(years => y.years) <= in_today
  GROUP BY 1, 2;
END $$

-- name: follow_up_parts
-- Of one month, by type of membership and section (their ids, NULL for none): who joined, who left and why, who was a
-- member at its end. Everybody is in one part of each of these.
CREATE FUNCTION follow_up_parts(in_controller integer, in_start date, in_end date)
RETURNS TABLE (what text, reason text, kind bigint, section bigint, people bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF coalesce(current_setting('tillit.activity', true), '') <> 'statistics'
    OR NOT in_controller = ANY (coalesce(nullif(current_setting('tillit.controllers', true), ''), '{}')::integer[]) THEN
    RAISE insufficient_privilege USING MESSAGE = 'follow-up: the open scope is not for this activity and controller';
  END IF;
  RETURN QUERY
  WITH tie AS (
    SELECT r.subject_id, 'joined' AS what, '' AS reason, r.started AS day FROM parties_relationship r
    WHERE r.controller_id = in_controller AND r.kind = 'member' AND r.started >= in_start AND r.started < in_end
    UNION ALL
    SELECT r.subject_id, 'left', r.end_reason::text, r.ended - 1 FROM parties_relationship r
    WHERE r.controller_id = in_controller AND r.kind = 'member' AND r.ended >= in_start AND r.ended < in_end
    UNION ALL
    SELECT r.subject_id, 'standing', '', in_end - 1 FROM parties_relationship r
    WHERE r.controller_id = in_controller AND r.kind = 'member' AND r.started < in_end
      AND (r.ended IS NULL OR r.ended >= in_end)
  ), once AS (
    SELECT DISTINCT ON (t.what, t.subject_id) t.subject_id, t.what, t.reason, t.day FROM tie t
    ORDER BY t.what, t.subject_id, t.day DESC
  )
  SELECT o.what, o.reason, m.type_id, m.section_id, count(*) FROM once o
  LEFT JOIN LATERAL (
    SELECT p.type_id, p.section_id FROM membership_period p
    WHERE p.subject_id = o.subject_id AND p.controller_id = in_controller AND p.starts <= o.day
      AND (p.ends IS NULL OR p.ends >= o.day)
    ORDER BY p.starts DESC LIMIT 1) m ON true
  GROUP BY 1, 2, 3, 4;
END $$
