-- name: store
-- One grant for each place of five arrays of equal length.
INSERT INTO declaration_grant (controller_id, row_controller_id, activity, category, rights)
SELECT * FROM unnest(%(controller_id)s::bigint[], %(row_controller_id)s::bigint[], %(activity)s::text[],
                     %(category)s::smallint[], %(rights)s::smallint[])
