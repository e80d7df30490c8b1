-- name: tables
-- Every table that is written to disk, by name.
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p' ORDER BY c.relname

-- name: filtered
-- Tables under row security that tillit_backup might not see whole: no policy shows it every row, or one takes some away.
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND c.relname = ANY (%(tables)s) AND (
  NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname
              AND p.permissive = 'PERMISSIVE' AND 'tillit_backup' = ANY (p.roles)
              AND p.cmd IN ('SELECT', 'ALL') AND p.qual = 'true')
  OR EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname
             AND p.permissive = 'RESTRICTIVE' AND p.roles && '{public,tillit_backup}'))
ORDER BY c.relname

-- name: migrations
-- The last migration of each app.
SELECT app, max(name) FROM django_migrations GROUP BY app ORDER BY app
