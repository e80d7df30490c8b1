-- Counts past the policies, for the proof alone. Owned by tillit_proof, which cannot log in and may only read; what
-- they return names nobody.

-- name: proof_cells
-- Of one personal table how many rows each controller has in each category and state (category NULL where the table has
-- no such column). Only in a scope for the activity `proof`; a table that is not granted to tillit_proof is refused.
CREATE FUNCTION proof_cells(in_table text, in_category_column text)
RETURNS TABLE (controller_id integer, category integer, state integer, held bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF coalesce(current_setting('tillit.activity', true), '') <> 'proof' THEN
    RAISE insufficient_privilege USING MESSAGE = 'proof: the open scope is not for this activity';
  END IF;
  RETURN QUERY EXECUTE format(
    'SELECT t.controller_id::integer, %s, t.state::integer, count(*) FROM public.%I t GROUP BY 1, 2, 3',
    CASE WHEN in_category_column IS NULL THEN 'NULL::integer' ELSE format('t.%I::integer', in_category_column) END,
    in_table);
END $$

-- name: proof_digests
-- The digests that stand in a register's directory for some people: kind, digest, person. Only in a scope for `proof`.
CREATE FUNCTION proof_digests(in_register integer, in_subjects bigint[])
RETURNS TABLE (kind smallint, digest uuid, subject_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF coalesce(current_setting('tillit.activity', true), '') <> 'proof' THEN
    RAISE insufficient_privilege USING MESSAGE = 'proof: the open scope is not for this activity';
  END IF;
  RETURN QUERY SELECT d.kind, d.digest, d.subject_id FROM parties_directory d
    WHERE d.register_id = in_register AND d.subject_id = ANY (in_subjects);
END $$
