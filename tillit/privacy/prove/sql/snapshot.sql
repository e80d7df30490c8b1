-- What the tables of one schema are, object by object, in PostgreSQL's own words: the schema of the running system, or
-- the copy made anew from what is compiled. Each gives (kind, table, name, definition).

-- name: objects
-- Tables' own switches, columns, statistics targets, constraints, indexes, triggers, rules, extended statistics, policies.
WITH t AS (
  SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relnamespace FROM pg_class c
  WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY (%(tables)s)
)
SELECT 'table', t.relname, 'as a whole', concat_ws(' ',
  CASE WHEN t.relforcerowsecurity THEN 'forced' END,
  (SELECT 'inherits ' || string_agg(i.inhparent::regclass::text, ' ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = t.oid))
FROM t
UNION ALL
SELECT 'column', t.relname, a.attname, concat_ws(' ',
  CASE WHEN a.attidentity = '' THEN format_type(a.atttypid, a.atttypmod) ELSE 'integer' END,
  CASE WHEN a.attnotnull THEN 'not null' END, 'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
  CASE WHEN a.attcollation <> ty.typcollation THEN 'collate ' || a.attcollation::regcollation::text END,
  'default ' || CASE WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%%' THEN 'its sequence' ELSE pg_get_expr(d.adbin, d.adrelid) END)
FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type ty ON ty.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT 'statistics', t.relname, a.attname, coalesce(a.attstattarget, -1)::text
FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT CASE k.contype WHEN 'f' THEN 'link' ELSE 'rule' END, t.relname, k.conname,
  concat_ws(' ', pg_get_constraintdef(k.oid),
    CASE WHEN NOT coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) THEN 'not enforced' END,
    CASE WHEN EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O') THEN 'switched off' END,
    CASE WHEN NOT (x.indisvalid AND x.indisready AND x.indislive) THEN 'not valid' END)
FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype <> 'n'
LEFT JOIN pg_index x ON x.indexrelid = k.conindid AND k.contype <> 'f'
UNION ALL
SELECT 'index', t.relname, i.relname, concat_ws(' ',
  regexp_replace(pg_get_indexdef(x.indexrelid), ' ON (public|pg_temp)[.]', ' ON '),
  CASE WHEN NOT (x.indisvalid AND x.indisready AND x.indislive) THEN 'not valid' END,
  (SELECT string_agg(format('statistics of %%s: %%s', a.attnum, a.attstattarget), ' ' ORDER BY a.attnum)
   FROM pg_attribute a WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0))
FROM t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'trigger', t.relname, g.tgname, concat_ws(' ', regexp_replace(pg_get_triggerdef(g.oid), ' ON (public|pg_temp)[.]', ' ON '), g.tgenabled::text)
FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
UNION ALL
SELECT 'rewrite rule', t.relname, w.rulename, pg_get_ruledef(w.oid) || w.ev_enabled::text FROM t JOIN pg_rewrite w ON w.ev_class = t.oid
UNION ALL
SELECT 'extended statistics', t.relname, s.stxname, pg_get_statisticsobjdef(s.oid) FROM t JOIN pg_statistic_ext s ON s.stxrelid = t.oid
UNION ALL
SELECT 'policy', t.relname, p.polname, concat_ws(' ', p.polcmd::text, p.polpermissive::text, p.polroles::regrole[]::text,
  'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
FROM t JOIN pg_policy p ON p.polrelid = t.oid

-- name: functions
-- Functions of one schema made since the server was, those of the extensions that belong here left out:
-- (signature, definition, settings, whether they run as their owner, owner, who may execute them).
SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  CASE WHEN p.prokind IN ('f', 'p')
    THEN regexp_replace(pg_get_functiondef(p.oid), '^(CREATE OR REPLACE [A-Z]+ )(public|pg_temp)[.]', '\1') ELSE 'aggregate' END,
  coalesce(array_to_string(p.proconfig, ' '), ''), p.prosecdef, p.proowner::regrole::text,
  (SELECT array_agg(coalesce(r.rolname, 'PUBLIC') ORDER BY 1)
   FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
   WHERE acl.grantee <> p.proowner)
FROM pg_proc p
WHERE p.oid >= 16384 AND p.pronamespace = %(schema)s::regnamespace
  AND (p.prosecdef OR NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = ANY (%(extensions)s)
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'))
