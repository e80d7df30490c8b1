-- name: directory_claim
-- Claims digests for subjects, from now or from the moment given for each; returns every digest asked for with the
-- subject that now holds it (another's claim wins, and an earlier one of the same subject's stays). What a merged subject
-- holds, the one it was merged into holds.
CREATE OR REPLACE FUNCTION directory_claim(
  in_register integer, in_kind smallint, in_digests uuid[], in_subjects bigint[], in_version smallint DEFAULT 1,
  in_since timestamptz[] DEFAULT NULL)
RETURNS TABLE (digest uuid, subject_id bigint) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO parties_directory (register_id, kind, digest, key_version, subject_id, since)
  SELECT in_register, in_kind, d, in_version, s, coalesce(t, tillit_now())
  FROM unnest(in_digests, in_subjects, in_since) AS asked(d, s, t) ORDER BY d
  ON CONFLICT (register_id, kind, digest) DO NOTHING;
  SELECT p.digest, coalesce(s.alias_of_id, p.subject_id) FROM parties_directory p
  LEFT JOIN parties_subject s ON s.id = p.subject_id AND s.alias_of_id IS NOT NULL
  WHERE p.register_id = in_register AND p.kind = in_kind AND p.digest = ANY (in_digests)
$$

-- name: directory_resolve
-- The subjects that hold the digests asked for, a merged one's as the one it was merged into; unknown digests are absent.
CREATE OR REPLACE FUNCTION directory_resolve(in_register integer, in_kind smallint, in_digests uuid[])
RETURNS TABLE (digest uuid, subject_id bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.digest, coalesce(s.alias_of_id, p.subject_id) FROM parties_directory p
  LEFT JOIN parties_subject s ON s.id = p.subject_id AND s.alias_of_id IS NOT NULL
  WHERE p.register_id = in_register AND p.kind = in_kind AND p.digest = ANY (in_digests)
$$

-- name: directory_unclaim
-- Releases one digest of one subject, or of one merged with it (a card removed, a phone number changed).
CREATE OR REPLACE FUNCTION directory_unclaim(in_register integer, in_kind smallint, in_digest uuid, in_subject bigint)
RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM parties_directory p WHERE p.register_id = in_register AND p.kind = in_kind
                AND p.digest = in_digest AND (p.subject_id = in_subject OR p.subject_id IN (
                  SELECT s.id FROM parties_subject s WHERE s.alias_of_id = in_subject)) RETURNING 1)
  SELECT count(*) FROM gone
$$

-- name: directory_release
-- Releases everything held for the subjects (erasure).
CREATE OR REPLACE FUNCTION directory_release(in_subjects bigint[])
RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM parties_directory p WHERE p.subject_id = ANY (in_subjects) RETURNING 1) SELECT count(*) FROM gone
$$

-- name: directory_release_kind
-- Releases what one kind holds for the subjects (their last fact of that category is gone).
CREATE OR REPLACE FUNCTION directory_release_kind(in_kind smallint, in_subjects bigint[])
RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM parties_directory p WHERE p.kind = in_kind AND p.subject_id = ANY (in_subjects) RETURNING 1)
  SELECT count(*) FROM gone
$$

-- name: directory_carried
-- The digests that came along from another register under one key version: with them a file's numbers are compared. Of
-- the register's own version those of cards and accounts (5, 6): who had a number before keeps it.
CREATE OR REPLACE FUNCTION directory_carried(in_register integer, in_version smallint)
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.digest FROM parties_directory p WHERE p.register_id = in_register AND p.key_version = in_version
    AND (in_version > 1 OR p.kind IN (5, 6))
$$

-- name: directory_version
-- By which key version a digest was made, or nothing where nobody holds it.
CREATE OR REPLACE FUNCTION directory_version(in_register integer, in_kind smallint, in_digest uuid)
RETURNS smallint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.key_version FROM parties_directory p
  WHERE p.register_id = in_register AND p.kind = in_kind AND p.digest = in_digest
$$
