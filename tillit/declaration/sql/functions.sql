-- name: random_id
-- Random positive 62-bit ids: never a sequence, so an erased id is not issued again.
CREATE OR REPLACE FUNCTION tillit_random_id() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT ('x' || left(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint & 4611686018427387903
$$

-- name: keys
-- The (controller, state) pairs the open scope may touch in one category with the right needed, coded controller * 4 + state.
-- In PL/pgSQL, whose plans last as long as the session: the policies ask with every statement.
CREATE OR REPLACE FUNCTION tillit_keys(cat integer, need integer) RETURNS integer[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  doing text := nullif(current_setting('tillit.activity', true), '');
  mine bigint[] := coalesce(nullif(current_setting('tillit.controllers', true), ''), '{}');
  named boolean := coalesce(nullif(current_setting('tillit.subjects', true), ''), '*') <> '*';
BEGIN
  RETURN (
    SELECT coalesce(array_agg(g.row_controller_id::integer * 4 + s.state), '{}')
    FROM public.declaration_grant g CROSS JOIN LATERAL (VALUES (0, 0), (1, 8), (2, 16), (3, 24)) AS s(state, bits)
    WHERE g.activity = doing AND g.category = cat::smallint AND g.controller_id = ANY (mine)
      AND g.rights & need = need AND g.rights & s.bits = s.bits AND (g.rights & 32 = 0 OR named)
  );
END
$$

-- name: cells
-- The same over the categories of a table whose rows carry theirs, coded (controller * 4 + state) * 256 + category.
CREATE OR REPLACE FUNCTION tillit_cells(cats smallint[], need integer) RETURNS integer[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  doing text := nullif(current_setting('tillit.activity', true), '');
  mine bigint[] := coalesce(nullif(current_setting('tillit.controllers', true), ''), '{}');
  named boolean := coalesce(nullif(current_setting('tillit.subjects', true), ''), '*') <> '*';
BEGIN
  RETURN (
    SELECT coalesce(array_agg((g.row_controller_id::integer * 4 + s.state) * 256 + g.category), '{}')
    FROM public.declaration_grant g CROSS JOIN LATERAL (VALUES (0, 0), (1, 8), (2, 16), (3, 24)) AS s(state, bits)
    WHERE g.activity = doing AND g.category = ANY (cats) AND g.controller_id = ANY (mine)
      AND g.rights & need = need AND g.rights & s.bits = s.bits AND (g.rights & 32 = 0 OR named)
  );
END
$$

-- name: all
-- Whether the open scope may touch live rows of every controller in one category: the fast branch of the policies.
CREATE OR REPLACE FUNCTION tillit_all(cat integer, need integer) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  mine integer[] := public.tillit_keys(cat, need);
BEGIN
  RETURN cardinality(mine) > 0
    AND NOT EXISTS (SELECT FROM public.declaration_controller c WHERE c.id::integer * 4 <> ALL (mine));
END
$$

-- name: any_subject
-- Whether the open scope is not limited to named subjects.
CREATE OR REPLACE FUNCTION tillit_any_subject() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(current_setting('tillit.subjects', true), '') = '*'
$$

-- name: subjects
-- The subjects the open scope names.
CREATE OR REPLACE FUNCTION tillit_subjects() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN coalesce(current_setting('tillit.subjects', true), '') IN ('', '*') THEN '{}'::bigint[]
              ELSE current_setting('tillit.subjects', true)::bigint[] END
$$

-- name: now
-- The record time: the clock's when the open scope travels in time (tests, simulation), else the transaction's own.
CREATE OR REPLACE FUNCTION tillit_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(current_setting('tillit.now', true), '')::timestamptz, now())
$$
