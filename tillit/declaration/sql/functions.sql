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
  closed boolean := coalesce(current_setting('tillit.closed', true), '') <> '';
BEGIN
  RETURN (
    SELECT coalesce(array_agg(g.row_controller_id::integer * 4 + s.state), '{}')
    FROM public.declaration_grant g CROSS JOIN LATERAL (VALUES (0, 0), (1, 8), (2, 16), (3, 24)) AS s(state, bits)
    WHERE g.activity = doing AND g.category = cat::smallint AND g.controller_id = ANY (mine)
      AND g.rights & need = need AND g.rights & s.bits = s.bits AND (g.rights & 32 = 0 OR named)
      AND (g.rights & 64 = 0 OR NOT closed)
  );
END
$$

-- name: reached
-- What the open scope may touch in some categories with the right needed, as text: whose rights they are (activity,
-- controllers, whether people are named and what is closed to staff is closed), then the cells (controller * 4 + state) * 256 + category, or * for every cell
-- there is. Kept in a setting for the rest of the scope, and read from there by tillit_reach.
CREATE OR REPLACE FUNCTION tillit_reached(cats smallint[], need integer) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  doing text := current_setting('tillit.activity', true);
  mine text := current_setting('tillit.controllers', true);
  named boolean := current_setting('tillit.subjects', true) NOT IN ('', '*');
  closed boolean := coalesce(current_setting('tillit.closed', true), '') <> '';
  cells integer[] := '{}';
BEGIN
  IF doing <> '' AND mine <> '' THEN
    cells := (
      SELECT coalesce(array_agg((g.row_controller_id::integer * 4 + s.state) * 256 + g.category), '{}')
      FROM public.declaration_grant g CROSS JOIN LATERAL (VALUES (0, 0), (1, 8), (2, 16), (3, 24)) AS s(state, bits)
      WHERE g.activity = doing AND g.category = ANY (cats) AND g.controller_id = ANY (mine::bigint[])
        AND g.rights & need = need AND g.rights & s.bits = s.bits AND (g.rights & 32 = 0 OR named)
        AND (g.rights & 64 = 0 OR NOT closed)
    );
    IF cardinality(cells) >= 4 * cardinality(cats) THEN
      IF (SELECT count(DISTINCT cell) FROM unnest(cells) AS cell)
         = 4 * cardinality(cats) * (SELECT count(*) FROM public.declaration_controller) THEN
        RETURN doing || mine || named || closed || '*';
      END IF;
    END IF;
  END IF;
  RETURN doing || mine || named || closed || cells::text;
END
$$

-- name: reach
-- The cells the open scope may touch with the right needed, NULL for every cell there is: what the scope has looked up
-- ahead and kept in the setting `place`, where that is about these rights; else looked up now.
-- In PL/pgSQL, whose plans last as long as the session: the policies ask with every statement.
CREATE OR REPLACE FUNCTION tillit_reach(place text, cats smallint[], need integer) RETURNS integer[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  head text := current_setting('tillit.activity', true) || current_setting('tillit.controllers', true)
    || (current_setting('tillit.subjects', true) NOT IN ('', '*'))
    || (coalesce(current_setting('tillit.closed', true), '') <> '');
  held text := current_setting(place, true);
BEGIN
  IF head IS NULL THEN
    RETURN '{}';
  END IF;
  IF NOT coalesce(starts_with(held, head), false) THEN
    held := public.tillit_reached(cats, need);
  END IF;
  held := substr(held, length(head) + 1);
  IF held = '*' THEN
    RETURN NULL;
  END IF;
  RETURN held;
END
$$

-- name: any_subject
-- Whether the open scope is not limited to named subjects.
CREATE OR REPLACE FUNCTION tillit_any_subject() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(current_setting('tillit.subjects', true), '') = '*'
$$

-- name: subjects
-- The subjects the open scope names, and every other of the same people (C3), whichever of a merged person's is named: a
-- link, a case or a hold made before the merge names the one it was made for.
CREATE OR REPLACE FUNCTION tillit_subjects() RETURNS bigint[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  named text := coalesce(current_setting('tillit.subjects', true), '');
  people bigint[];
BEGIN
  IF named IN ('', '*') THEN
    RETURN '{}';
  END IF;
  people := named::bigint[] || ARRAY(
    SELECT a.alias_of_id FROM public.parties_subject a WHERE a.id = ANY (named::bigint[]) AND a.alias_of_id IS NOT NULL);
  RETURN people || ARRAY(SELECT m.id FROM public.parties_subject m WHERE m.alias_of_id = ANY (people));
END
$$

-- name: now
-- The record time: the clock's when the open scope travels in time (tests, simulation), else the transaction's own.
CREATE OR REPLACE FUNCTION tillit_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(current_setting('tillit.now', true), '')::timestamptz, now())
$$
