-- What PostgreSQL's catalog says, for the checks that hold it against registry and compiler. In all of it, %(extensions)s
-- are the extensions that belong here; what another brings counts as made by people.

-- name: tables
-- Every table outside PostgreSQL's own schemas, partitions too.
SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'

-- name: outside
-- What else people can make through which rows leave, or by which what a statement means is changed.
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialised view' ELSE 'foreign table' END, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
UNION ALL
SELECT 'function', p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND n.nspname <> 'public' AND n.nspname !~ '^pg_temp'
UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname NOT IN ('public', 'information_schema') AND nspname !~ '^pg_'
UNION ALL SELECT 'extension', extname FROM pg_extension WHERE extname <> ALL (%(extensions)s)
UNION ALL SELECT 'publication', pubname FROM pg_publication
UNION ALL SELECT 'subscription', subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT 'event trigger', evtname FROM pg_event_trigger
UNION ALL SELECT 'foreign server', srvname FROM pg_foreign_server
UNION ALL SELECT 'language', lanname FROM pg_language WHERE oid >= 16384
UNION ALL SELECT 'large object', oid::text FROM pg_largeobject_metadata
UNION ALL
SELECT made.kind, made.name FROM (
  SELECT 'operator' AS kind, o.oid::regoperator::text AS name, 'pg_operator'::regclass AS class, o.oid FROM pg_operator o
  UNION ALL SELECT 'cast', castsource::regtype || ' to ' || casttarget::regtype, 'pg_cast'::regclass, oid FROM pg_cast) made
WHERE made.oid >= 16384 AND NOT EXISTS (
  SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = ANY (%(extensions)s)
  WHERE d.classid = made.class AND d.objid = made.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')

-- name: unique_rules
-- The unique indexes of some tables with the names of their columns in order.
SELECT i.indrelid::regclass::text, i.indisprimary, i.indexrelid::regclass::text, array_agg(a.attname::text ORDER BY part.place)
FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS part (number, place)
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.number
WHERE i.indisunique AND i.indrelid = ANY (%(tables)s::regclass[])
GROUP BY i.indrelid, i.indisprimary, i.indexrelid

-- name: expression_statistics
-- Indexes of some tables on expressions that give text, JSON or bytes, of which the planner keeps what they gave.
SELECT x.indrelid::regclass::text, x.indexrelid::regclass::text
FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indexrelid AND coalesce(a.attstattarget, -1) <> 0
JOIN pg_type t ON t.oid = a.atttypid
WHERE x.indrelid = ANY (%(tables)s::regclass[]) AND x.indexprs IS NOT NULL
  AND (x.indkey::smallint[])[a.attnum - 1] = 0
  AND t.typname IN ('varchar', 'text', 'bpchar', 'citext', 'jsonb', 'json', 'bytea', 'uuid')

-- name: secured
-- Whether row security is switched on, and who owns the table.
SELECT relname, relrowsecurity, relowner::regrole::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')

-- name: owners
-- Tables and sequences that are not the owner's.
SELECT relname, relowner::regrole::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S') AND relowner::regrole::text <> 'tillit_owner'

-- name: privileges
-- Who may do what with the tables of ours: grantee, table, privilege, and for single columns their names.
SELECT coalesce(r.rolname, 'PUBLIC'), c.relname, acl.privilege_type, NULL
FROM pg_class c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND acl.grantee <> c.relowner
UNION ALL
SELECT coalesce(r.rolname, 'PUBLIC'), c.relname, acl.privilege_type, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
CROSS JOIN LATERAL aclexplode(a.attacl) acl
LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND acl.grantee <> c.relowner

-- name: places
-- Who may do what with the database, the schema, sequences, and with tables and sequences made from now on:
-- (kind, name, grantee, privilege), the owner's own rights left out.
SELECT made.kind, made.name, coalesce(r.rolname, 'PUBLIC'), acl.privilege_type
FROM (
  SELECT 'the database' AS kind, '' AS name, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl
  FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT 'the schema', '', nspowner, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'public'
  UNION ALL
  SELECT 'the sequence', relname, relowner, coalesce(relacl, acldefault('s', relowner)) FROM pg_class
  WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT 'new', defaclobjtype::text, defaclrole, defaclacl FROM pg_default_acl
  WHERE defaclrole::regrole::text ~ '^tillit_'
) made CROSS JOIN LATERAL aclexplode(made.acl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE acl.grantee <> made.owner

-- name: place_owners
-- Who owns the database and the schema.
SELECT (SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()),
  (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public')

-- name: given_away
-- Rights on PostgreSQL's own catalogs, functions and settings beyond those it came with: (what, grantee, privilege).
SELECT made.name, coalesce(r.rolname, 'PUBLIC'), made.privilege_type FROM (
  SELECT c.relname::text AS name, acl.grantee, acl.privilege_type
  FROM pg_class c LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0
  CROSS JOIN LATERAL aclexplode(c.relacl) acl
  WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.oid < 16384 AND acl.grantee <> c.relowner AND NOT EXISTS (
    SELECT FROM aclexplode(coalesce(i.initprivs, acldefault('r', c.relowner))) first
    WHERE (first.grantee, first.privilege_type) = (acl.grantee, acl.privilege_type))
  UNION ALL
  SELECT c.relname || '.' || a.attname, acl.grantee, acl.privilege_type
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = a.attnum
  CROSS JOIN LATERAL aclexplode(a.attacl) acl
  WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.oid < 16384 AND acl.grantee <> c.relowner AND NOT EXISTS (
    SELECT FROM aclexplode(i.initprivs) first WHERE (first.grantee, first.privilege_type) = (acl.grantee, acl.privilege_type))
  UNION ALL
  SELECT p.oid::regprocedure::text, acl.grantee, acl.privilege_type
  FROM pg_proc p LEFT JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid
  CROSS JOIN LATERAL aclexplode(p.proacl) acl
  WHERE p.oid < 16384 AND acl.grantee <> p.proowner AND NOT EXISTS (
    SELECT FROM aclexplode(coalesce(i.initprivs, acldefault('f', p.proowner))) first
    WHERE (first.grantee, first.privilege_type) = (acl.grantee, acl.privilege_type))
  UNION ALL
  SELECT 'the setting ' || parname, acl.grantee, acl.privilege_type FROM pg_parameter_acl CROSS JOIN LATERAL aclexplode(paracl) acl
) made LEFT JOIN pg_roles r ON r.oid = made.grantee

-- name: roles
-- Every role but PostgreSQL's own: whether it made the server, can escape row security, log in, make others, copy.
SELECT rolname, oid = 10, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication
FROM pg_roles WHERE rolname !~ '^pg_'

-- name: memberships
-- Who is a member of what, PostgreSQL's own first memberships left out: (role, member).
SELECT m.roleid::regrole::text, m.member::regrole::text FROM pg_auth_members m WHERE m.oid >= 16384

-- name: role_settings
-- Settings of roles and of this database that every new session takes on: (role, setting, category, whether for this one).
SELECT coalesce(r.rolname, ''), split_part(one, '=', 1), coalesce(g.category, ''), one
FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) one
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_settings g ON g.name = split_part(one, '=', 1)
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))

-- name: server_settings
-- Settings that decide what statements mean, whether rules hold, and what is written to the log: (category, name, value,
-- value it has unless somebody sets it).
SELECT category, name, setting, boot_val FROM pg_settings
WHERE category ~ '^(Reporting and Logging / (What|When) to Log|Developer Options|Customized Options|Version and Platform Compat)'
  OR category ~ '^Client Connection Defaults / (Statement Behavior|Shared Library Preloading)'
