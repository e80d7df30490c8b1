-- name: api_begin
-- Takes the call for this transaction and tells what is remembered of it: whether it is free (another connection is not
-- working on it), and of an earlier one its payload, status and answer, else NULLs. In two statements, so that what the
-- one before has committed is seen once its lock is free.
CREATE FUNCTION api_begin(
  in_space integer, in_lock integer, in_client bigint, in_key uuid,
  OUT free boolean, OUT payload uuid, OUT status smallint, OUT answer jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  free := pg_try_advisory_xact_lock(in_space, in_lock);
  SELECT c.payload, c.status, c.answer INTO payload, status, answer
  FROM api_call c WHERE c.client_id = in_client AND c.key = in_key;
END
$$
