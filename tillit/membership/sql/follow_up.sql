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
