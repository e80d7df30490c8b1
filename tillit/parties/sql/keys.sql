-- name: keys_make
-- Keeps a wrapped data key for (subject, controller) unless there is one; returns the one that stands.
CREATE OR REPLACE FUNCTION keys_make(in_subject bigint, in_controller integer, in_wrapped bytea)
RETURNS bytea LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO parties_data_key (subject_id, controller_id, wrapped) VALUES (in_subject, in_controller, in_wrapped)
  ON CONFLICT (subject_id, controller_id) DO NOTHING;
  SELECT wrapped FROM parties_data_key WHERE subject_id = in_subject AND controller_id = in_controller
$$

-- name: keys_make_many
-- The same for many at once: arrays of equal length, one row a pair. Returns only those of which another one stood.
CREATE OR REPLACE FUNCTION keys_make_many(in_subjects bigint[], in_controllers integer[], in_wrapped bytea[])
RETURNS TABLE (subject_id bigint, controller_id integer, wrapped bytea) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO parties_data_key (subject_id, controller_id, wrapped)
  SELECT s, c, w FROM unnest(in_subjects, in_controllers, in_wrapped) AS asked(s, c, w) ORDER BY s, c
  ON CONFLICT (subject_id, controller_id) DO NOTHING;
  SELECT k.subject_id, k.controller_id, k.wrapped FROM parties_data_key k
  JOIN unnest(in_subjects, in_controllers, in_wrapped) AS asked(s, c, w) ON k.subject_id = s AND k.controller_id = c
  WHERE k.wrapped <> w
$$

-- name: keys_get
-- The wrapped data key of (subject, controller), or NULL when there is none or it was shredded.
CREATE OR REPLACE FUNCTION keys_get(in_subject bigint, in_controller integer)
RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT wrapped FROM parties_data_key WHERE subject_id = in_subject AND controller_id = in_controller
$$

-- name: keys_drop
-- Shreds: drops every data key of the subjects.
CREATE OR REPLACE FUNCTION keys_drop(in_subjects bigint[])
RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM parties_data_key WHERE subject_id = ANY (in_subjects) RETURNING 1) SELECT count(*) FROM gone
$$

-- name: keys_drop_unneeded
-- Shreds the data keys of the subjects except those of the (subject, controller) pairs that are needed.
CREATE OR REPLACE FUNCTION keys_drop_unneeded(in_subjects bigint[], in_needed bigint[], in_controllers integer[])
RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (
    DELETE FROM parties_data_key k WHERE k.subject_id = ANY (in_subjects)
      AND NOT EXISTS (SELECT FROM unnest(in_needed, in_controllers) AS n(s, c) WHERE n.s = k.subject_id AND n.c = k.controller_id)
    RETURNING 1
  )
  SELECT count(*) FROM gone
$$

-- name: keys_drop_journal
-- Shreds the journal keys (controller 0) of the subjects: what the journal and its shipped copies say of them closes.
CREATE OR REPLACE FUNCTION keys_drop_journal(in_subjects bigint[])
RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM parties_data_key WHERE subject_id = ANY (in_subjects) AND controller_id = 0 RETURNING 1)
  SELECT count(*) FROM gone
$$
