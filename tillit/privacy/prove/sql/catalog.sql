-- What PostgreSQL's catalog says, for the checks that hold it against the registry.

-- name: columns
-- Every column of every ordinary or partitioned table outside PostgreSQL's own schemas, extensions' tables left out.
SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, a.attname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, a.attnum

-- name: outside
-- Views, materialised views and foreign tables that are no extension's, and publications, which send rows away.
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialised view' ELSE 'foreign table' END, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'publication', pubname FROM pg_publication

-- name: primary_key
-- The columns of a table's primary key, in order.
SELECT a.attname
FROM pg_constraint k CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS part (number, place)
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = part.number
WHERE k.conrelid = to_regclass(%(table)s) AND k.contype = 'p'
ORDER BY part.place

-- name: unique_rules
-- The unique indexes of a table with the names of their columns.
SELECT i.indexrelid::regclass::text, string_agg(a.attname, ',')
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::smallint[])
WHERE i.indrelid = to_regclass(%(table)s) AND i.indisunique
GROUP BY i.indexrelid

-- name: links
-- The foreign keys of a table: name, definition, whether validated, enforced, and their triggers switched on.
SELECT k.conname, pg_get_constraintdef(k.oid), k.convalidated,
  coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true),
  NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O')
FROM pg_constraint k WHERE k.conrelid = to_regclass(%(table)s) AND k.contype = 'f'

-- name: triggers_and_rules
-- Triggers and rewrite rules that people made on a table.
SELECT 'trigger', tgname FROM pg_trigger WHERE tgrelid = to_regclass(%(table)s) AND NOT tgisinternal
UNION ALL
SELECT 'rule', rulename FROM pg_rewrite WHERE ev_class = to_regclass(%(table)s)

-- name: statistics
-- The statistics target of each column that holds text, JSON, bytes or digests (0: none is kept).
SELECT a.attname, a.attstattarget
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped
  AND t.typname IN ('varchar', 'text', 'bpchar', 'citext', 'jsonb', 'json', 'bytea', 'uuid')

-- name: rules
-- Every named check and unique rule, and whether it holds: validated and enforced; unique indexes too.
SELECT k.conname, k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
FROM pg_constraint k WHERE k.contype IN ('c', 'u', 'x') AND k.connamespace = 'public'::regnamespace
UNION ALL
SELECT c.relname, i.indisvalid AND i.indisready FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace

-- name: policies
-- The policies of a table as PostgreSQL understood them.
SELECT polname, polcmd::text, polpermissive, polroles::regrole[]::text[],
  coalesce(pg_get_expr(polqual, polrelid), ''), coalesce(pg_get_expr(polwithcheck, polrelid), '')
FROM pg_policy WHERE polrelid = to_regclass(%(table)s)

-- name: secured
-- Whether row security is switched on, and who owns the table.
SELECT relrowsecurity, relowner::regrole::text FROM pg_class WHERE oid = to_regclass(%(table)s)

-- name: privileges
-- Who may do what with the tables of ours: grantee, table, privilege, and for single columns their names.
SELECT coalesce(r.rolname, 'PUBLIC'), c.relname, acl.privilege_type, NULL
FROM pg_class c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND acl.grantee <> c.relowner
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT coalesce(r.rolname, 'PUBLIC'), c.relname, acl.privilege_type, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
CROSS JOIN LATERAL aclexplode(a.attacl) acl
LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND acl.grantee <> c.relowner

-- name: functions
-- The functions of ours: name, owner, whether they run as their owner, settings, body, who may execute them.
SELECT p.proname, p.proowner::regrole::text, p.prosecdef, coalesce(p.proconfig, '{}'), p.prosrc,
  (SELECT array_agg(coalesce(r.rolname, 'PUBLIC') ORDER BY 1) FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
   LEFT JOIN pg_roles r ON r.oid = acl.grantee WHERE acl.grantee <> p.proowner)
FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')

-- name: roles
-- The roles of ours: whether they can escape row security or log in.
SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolreplication FROM pg_roles WHERE rolname ~ '^tillit_'

-- name: memberships
-- Roles whose rights the application has besides its own.
SELECT r.rolname FROM pg_roles r WHERE r.rolname <> 'tillit_app' AND pg_has_role('tillit_app', r.oid, 'MEMBER')
