-- The only ways to write the audit tables, and the ways to read a whole chain. Owned by tillit_audit, which cannot
-- log in; tillit_app may execute them and no more. Made by `tillit migrate` (declaration.enforce).

-- name: audit_require
-- True when the open scope is for one of the activities and its actor acts for the controller (0: the installation); else refuses.
CREATE FUNCTION audit_require(in_controller integer, in_activities text[])
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF coalesce(current_setting('tillit.activity', true), '') <> ALL (in_activities) THEN
    RAISE insufficient_privilege USING MESSAGE = 'audit: the open scope is not for this activity';
  END IF;
  IF in_controller <> 0 AND in_controller <> ALL
     (coalesce(nullif(current_setting('tillit.controllers', true), ''), '{}')::integer[]) THEN
    RAISE insufficient_privilege USING MESSAGE = 'audit: the open scope is not for this controller';
  END IF;
  RETURN true;
END $$

-- name: audit_settled
-- Whether the transaction can no longer be overtaken: it and all before it have ended. A row that is seen although its
-- transaction lies ahead of the snapshot, and is not our own, was written by another cluster and came with a restore.
-- Without settings of its own, so that it is inlined; give it the snapshot's bounds as sub-selects, evaluated once.
CREATE FUNCTION audit_settled(in_xact xid8, in_oldest xid8, in_next xid8)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT in_xact < in_oldest OR (in_xact >= in_next AND in_xact IS DISTINCT FROM pg_current_xact_id_if_assigned())
$$

-- name: audit_append
-- One event for each subject given (0: nobody), and its place in the queue. Inside a scope the actor and the controller
-- must be the scope's. What is about a restricted person is restricted, too. Returns the events' ids in the order of the
-- subjects.
CREATE FUNCTION audit_append(
  in_controller integer, in_type text, in_at timestamptz, in_actor_kind text, in_actor_ref text,
  in_activity text, in_subjects bigint[], in_batch bigint, in_details jsonb)
RETURNS bigint[] LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  scoped_actor text := nullif(current_setting('tillit.actor', true), '');
  moment timestamptz := clock_timestamp();
  made bigint[];
BEGIN
  IF scoped_actor IS NOT NULL THEN
    IF scoped_actor <> in_actor_kind || ':' || in_actor_ref THEN
      RAISE insufficient_privilege USING MESSAGE = 'audit: the actor is not the one of the open scope';
    END IF;
    IF in_controller <> 0 AND in_controller <> ALL
       (coalesce(nullif(current_setting('tillit.controllers', true), ''), '{}')::integer[]) THEN
      RAISE insufficient_privilege USING MESSAGE = 'audit: the open scope is not for this controller';
    END IF;
  END IF;
  WITH written AS (
    INSERT INTO audit_event (subject_id, controller_id, at, recorded_at, actor_kind, actor_ref,
                             activity, type, batch, details, state)
    SELECT given.subject, in_controller, in_at, moment, in_actor_kind, in_actor_ref,
           in_activity, in_type, in_batch, in_details,
           coalesce((SELECT s.state & 1 FROM parties_subject s WHERE s.id = given.subject), 0)
    FROM unnest(in_subjects) WITH ORDINALITY AS given (subject, place) ORDER BY given.place
    RETURNING id, xact, recorded_at
  ), queued AS (
    INSERT INTO audit_queue (controller_id, xact, recorded_at, event_id)
    SELECT in_controller, xact, recorded_at, id FROM written
  )
  SELECT array_agg(id) INTO made FROM written;
  RETURN made;
END $$

-- name: audit_controllers
-- Every controller with a chain or a queue. Ids only, hence open to every scope.
CREATE FUNCTION audit_controllers()
RETURNS SETOF integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH RECURSIVE chained (controller_id) AS (
    SELECT min(controller_id) FROM audit_link
    UNION ALL
    SELECT (SELECT min(l.controller_id) FROM audit_link l WHERE l.controller_id > c.controller_id)
    FROM chained c WHERE c.controller_id IS NOT NULL
  )
  SELECT controller_id FROM chained WHERE controller_id IS NOT NULL
  UNION SELECT controller_id FROM audit_queue
  UNION SELECT 0
  ORDER BY 1
$$

-- name: audit_lock
-- Makes the caller the controller's only chainer until its transaction ends; false when another one is at work.
CREATE FUNCTION audit_lock(in_controller integer)
RETURNS boolean LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT audit_require(in_controller, '{security_log}') AND pg_try_advisory_xact_lock(1096107081, in_controller)
$$

-- name: audit_unlinked
-- The next events to link, in their one order: settled transactions by id, within one by time, then by id. Always along
-- the queue's index, whatever the planner has been told: a queue's statistics are never right.
CREATE FUNCTION audit_unlinked(in_controller integer, in_limit integer)
RETURNS TABLE (event_id bigint, subject_id bigint, controller_id integer, xact bigint, at timestamptz,
  recorded_at timestamptz, actor_kind text, actor_ref text, activity text, type text, batch bigint, details text, salt bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
  SELECT e.id, e.subject_id, e.controller_id, e.xact::text::bigint, e.at, e.recorded_at, e.actor_kind,
         e.actor_ref, e.activity, e.type, e.batch, e.details::text, e.salt
  FROM audit_queue q JOIN audit_event e ON e.id = q.event_id AND e.xact = q.xact AND e.recorded_at = q.recorded_at
  WHERE q.controller_id = in_controller
    AND audit_settled(q.xact, (SELECT pg_snapshot_xmin(pg_current_snapshot())),
                      (SELECT pg_snapshot_xmax(pg_current_snapshot())))
    AND (SELECT audit_require(in_controller, '{security_log}'))
  ORDER BY q.xact, q.recorded_at, q.event_id LIMIT in_limit
$$

-- name: audit_head
-- The last link of a chain; no row when there is none.
CREATE FUNCTION audit_head(in_controller integer)
RETURNS TABLE (seq bigint, hash bytea, key_version smallint, linked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT l.seq, l.hash, l.key_version, l.linked_at FROM audit_link l
  WHERE l.controller_id = in_controller AND (SELECT audit_require(in_controller, '{security_log,proof}'))
  ORDER BY l.seq DESC LIMIT 1
$$

-- name: audit_extend
-- Adds links behind the last one and takes their events off the queue. Refuses a gap, another predecessor than the last
-- link, an event that is not queued or not settled, and arrays that do not match; of two callers at once, the later one
-- (primary key, and the queue's rows). Returns the new last seq.
CREATE FUNCTION audit_extend(in_controller integer, in_first bigint, in_previous bytea, in_events bigint[],
  in_leaves bytea[], in_hashes bytea[], in_linked_at timestamptz, in_key_version smallint)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  last audit_link;
  many bigint := cardinality(in_events);
  taken bigint;
BEGIN
  PERFORM audit_require(in_controller, '{security_log}');
  SELECT * INTO last FROM audit_link WHERE controller_id = in_controller ORDER BY seq DESC LIMIT 1;
  IF in_first <> coalesce(last.seq, 0) + 1 OR in_previous <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
    RAISE object_not_in_prerequisite_state USING MESSAGE = 'audit: the links do not follow the last one';
  END IF;
  IF many = 0 OR many <> cardinality(in_leaves) OR many <> cardinality(in_hashes)
     OR 32 <> ANY (SELECT octet_length(b) FROM unnest(in_leaves || in_hashes) AS b) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'audit: every link needs a leaf and a hash of 32 bytes';
  END IF;
  WITH chosen AS MATERIALIZED (
    SELECT e.id, e.xact, e.recorded_at FROM unnest(in_events) AS given (event) JOIN audit_event e ON e.id = given.event
  )
  DELETE FROM audit_queue q USING chosen c
  WHERE q.controller_id = in_controller AND q.xact = c.xact AND q.recorded_at = c.recorded_at AND q.event_id = c.id
    AND audit_settled(q.xact, (SELECT pg_snapshot_xmin(pg_current_snapshot())),
                      (SELECT pg_snapshot_xmax(pg_current_snapshot())));
  GET DIAGNOSTICS taken = ROW_COUNT;
  IF taken <> many THEN
    RAISE object_not_in_prerequisite_state USING MESSAGE = 'audit: an event is not waiting to be linked';
  END IF;
  INSERT INTO audit_link (controller_id, seq, event_id, key_version, linked_at, leaf, previous, hash)
  SELECT in_controller, in_first + place - 1, event, in_key_version, in_linked_at, leaf,
         lag(hash, 1, in_previous) OVER (ORDER BY place), hash
  FROM unnest(in_events, in_leaves, in_hashes) WITH ORDINALITY AS given (event, leaf, hash, place);
  RETURN in_first + many - 1;
END $$

-- name: audit_page
-- A piece of the chain behind in_after, each link with its event (NULLs where there is none).
CREATE FUNCTION audit_page(in_controller integer, in_after bigint, in_limit integer)
RETURNS TABLE (seq bigint, link_event bigint, key_version smallint, linked_at timestamptz, leaf bytea, previous bytea,
  hash bytea, disposed_batch bigint,
  event_id bigint, subject_id bigint, controller_id integer, xact bigint, at timestamptz, recorded_at timestamptz,
  actor_kind text, actor_ref text, activity text, type text, batch bigint, details text, salt bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  SELECT l.seq, l.event_id, l.key_version, l.linked_at, l.leaf, l.previous, l.hash, l.disposed_batch,
         e.id, e.subject_id, e.controller_id, e.xact::text::bigint, e.at, e.recorded_at, e.actor_kind, e.actor_ref,
         e.activity, e.type, e.batch, e.details::text, e.salt
  FROM (SELECT * FROM audit_link WHERE audit_link.controller_id = in_controller AND audit_link.seq > in_after
        ORDER BY audit_link.seq LIMIT in_limit) AS l
  LEFT JOIN audit_event e ON e.id = l.event_id
  WHERE (SELECT audit_require(in_controller, '{security_log,proof}'))
  ORDER BY l.seq, e.subject_id
$$

-- name: audit_strays
-- What neither chain nor queue accounts for: `unaccounted` events that nobody appended, `lost` ones that are queued but
-- gone or moved, `doubled` ones that are both queued and linked. At most in_limit of them, with how many there are.
-- Events of controllers that have neither chain nor queue are the installation's strays.
CREATE FUNCTION audit_strays(in_controller integer, in_limit integer)
RETURNS TABLE (kind text, event_id bigint, of_kind bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT s.kind, s.event_id, count(*) OVER (PARTITION BY s.kind) FROM (
    SELECT 'unaccounted' AS kind, e.id AS event_id FROM audit_event e
    WHERE (e.controller_id = in_controller
           OR in_controller = 0 AND e.controller_id <> ALL (ARRAY(SELECT audit_controllers())))
      AND NOT EXISTS (SELECT FROM audit_link l WHERE l.event_id = e.id)
      AND NOT EXISTS (SELECT FROM audit_queue q WHERE q.controller_id = in_controller AND q.event_id = e.id)
    UNION ALL
    SELECT 'lost', q.event_id FROM audit_queue q
    WHERE q.controller_id = in_controller AND NOT EXISTS (
      SELECT FROM audit_event e
      WHERE e.id = q.event_id AND e.xact = q.xact AND e.recorded_at = q.recorded_at AND e.controller_id = in_controller)
    UNION ALL
    SELECT 'doubled', q.event_id FROM audit_queue q
    WHERE q.controller_id = in_controller AND EXISTS (SELECT FROM audit_link l WHERE l.event_id = q.event_id)
  ) AS s
  WHERE (SELECT audit_require(in_controller, '{security_log,proof}'))
  LIMIT in_limit
$$

-- name: audit_window
-- The window that no chain protects yet: how many events wait, and since when the oldest.
CREATE FUNCTION audit_window(in_controller integer)
RETURNS TABLE (waiting bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT count(*), min(recorded_at) FROM audit_queue
  WHERE controller_id = in_controller AND (SELECT audit_require(in_controller, '{security_log,proof}'))
$$

-- name: audit_waiting_disposals
-- Disposals that are on record but not linked yet: batch, and what they say they removed.
CREATE FUNCTION audit_waiting_disposals(in_controller integer)
RETURNS TABLE (batch bigint, details text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.batch, e.details::text FROM audit_queue q JOIN audit_event e ON e.id = q.event_id
  WHERE q.controller_id = in_controller AND e.type = 'audit.disposed'
    AND (SELECT audit_require(in_controller, '{security_log,proof}'))
$$

-- name: audit_since
-- Events of one controller recorded from in_since on, oldest first, behind the (recorded_at, id) of the last one seen.
CREATE FUNCTION audit_since(in_controller integer, in_since timestamptz, in_after bigint, in_limit integer)
RETURNS TABLE (recorded_at timestamptz, event_id bigint, at timestamptz, type text, actor text, activity text,
  subject_id bigint, batch bigint, details jsonb, seq bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT e.recorded_at, e.id, e.at, e.type, e.actor_kind || ':' || e.actor_ref, e.activity, e.subject_id, e.batch,
         e.details, l.seq
  FROM audit_event e LEFT JOIN audit_link l ON l.event_id = e.id
  WHERE e.controller_id = in_controller AND (e.recorded_at, e.id) > (in_since, in_after)
    AND (SELECT audit_require(in_controller, '{security_log,proof}'))
  ORDER BY e.recorded_at, e.id LIMIT in_limit
$$

-- name: audit_dispose
-- Removes linked events by their (subject, id) pairs, of one controller or several, and leaves one `audit.disposed` event
-- for each controller that says how many links lost theirs and which (SHA-256 of their numbers). Those records have no
-- moment that a period could run from; they and events not linked yet stay. Returns how many were removed.
CREATE FUNCTION audit_dispose(in_subjects bigint[], in_ids text[])
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  of_controller integer;
  batch_id bigint;
  marked bigint;
  marks text;
  removed bigint := 0;
BEGIN
  FOR of_controller IN
    SELECT DISTINCT e.controller_id FROM unnest(in_subjects, in_ids::bigint[]) AS given (subject, id)
    JOIN audit_event e ON e.subject_id = given.subject AND e.id = given.id ORDER BY 1
  LOOP
    PERFORM audit_require(of_controller, '{retention,rights_requests}');
    batch_id := ('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint & 4611686018427387903;
    WITH gone AS (
      DELETE FROM audit_event e USING unnest(in_subjects, in_ids::bigint[]) AS given (subject, id)
      WHERE e.subject_id = given.subject AND e.id = given.id AND e.controller_id = of_controller
        AND e.type <> 'audit.disposed' AND EXISTS (SELECT FROM audit_link l WHERE l.event_id = e.id)
      RETURNING e.id
    ), left_behind AS (
      UPDATE audit_link l SET disposed_batch = batch_id FROM gone WHERE l.event_id = gone.id RETURNING l.seq
    )
    SELECT count(*), encode(sha256(convert_to(string_agg(seq || ',', '' ORDER BY seq), 'UTF8')), 'hex')
    INTO marked, marks FROM left_behind;
    IF marked > 0 THEN
      PERFORM audit_append(of_controller, 'audit.disposed', NULL,
        split_part(current_setting('tillit.actor'), ':', 1),
        substr(current_setting('tillit.actor'), strpos(current_setting('tillit.actor'), ':') + 1),
        current_setting('tillit.activity'), '{0}', batch_id, jsonb_build_object('count', marked, 'links', marks));
      removed := removed + marked;
    END IF;
  END LOOP;
  RETURN removed;
END $$
