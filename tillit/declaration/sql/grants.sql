-- name: store
-- The grants are those of five arrays of equal length: what is new is added, what differs changed, the rest taken away;
-- what stays is not written again.
WITH n AS (
    SELECT * FROM unnest(%(controller_id)s::bigint[], %(row_controller_id)s::bigint[], %(activity)s::text[],
                         %(category)s::smallint[], %(rights)s::smallint[])
        AS n(controller_id, row_controller_id, activity, category, rights)
), gone AS (
    DELETE FROM declaration_grant g
    WHERE NOT EXISTS (SELECT FROM n WHERE n.activity = g.activity AND n.category = g.category
                      AND n.controller_id = g.controller_id AND n.row_controller_id = g.row_controller_id)
)
INSERT INTO declaration_grant AS g (controller_id, row_controller_id, activity, category, rights)
SELECT n.controller_id, n.row_controller_id, n.activity, n.category, n.rights FROM n
WHERE NOT EXISTS (SELECT FROM declaration_grant g WHERE n.activity = g.activity AND n.category = g.category
                  AND n.controller_id = g.controller_id AND n.row_controller_id = g.row_controller_id
                  AND n.rights = g.rights)
ON CONFLICT (activity, category, controller_id, row_controller_id) DO UPDATE SET rights = EXCLUDED.rights
