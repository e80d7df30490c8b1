-- name: intake_match
-- Whose are these rows? By the digests of the register's directory: line → person, row state, and since when the number
-- is theirs; for people whose data is live (0) or restricted (1). Rows of nobody are absent. A row goes to the subject that holds the
-- number, also when that one is merged with another: refunds find their purchases, and an unmerge leaves each its own.
-- Only the few who are restricted or archived are looked up (an index holds them): the directory knows the rest.
CREATE FUNCTION intake_match(in_register integer, in_lines bigint[], in_kinds smallint[], in_digests uuid[])
RETURNS TABLE (line bigint, subject_id bigint, state smallint, since timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50000
SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT a.line, d.subject_id, coalesce(s.state, 0::smallint), d.since
    FROM unnest(in_lines, in_kinds, in_digests) AS a(line, kind, digest)
    JOIN parties_directory d ON d.register_id = in_register AND d.kind = a.kind AND d.digest = a.digest
    LEFT JOIN parties_subject s ON s.id = d.subject_id AND s.state <> 0
    WHERE coalesce(s.state, 0) IN (0, 1);
END
$$
