-- name: columns
-- What ballots and urns may consist of: nothing that counts up, nothing that tells a time or a person.
SELECT format('%%s.%%s could tell whose or when', c.table_name, c.column_name) FROM information_schema.columns c
WHERE c.table_schema = 'public' AND (c.table_name, c.column_name) NOT IN (
  ('surveys_ballot', 'digest'), ('surveys_ballot', 'survey_id'),
  ('surveys_urn', 'id'), ('surveys_urn', 'survey_id'), ('surveys_urn', 'held'), ('surveys_urn', 'sealed'),
  ('surveys_figure', 'id'), ('surveys_figure', 'question_id'), ('surveys_figure', 'position'), ('surveys_figure', 'label'),
  ('surveys_figure', 'people'), ('surveys_figure', 'answered'),
  ('surveys_remark', 'id'), ('surveys_remark', 'question_id'), ('surveys_remark', 'text'), ('surveys_remark', 'closed_at'))
AND c.table_name IN ('surveys_ballot', 'surveys_urn', 'surveys_figure', 'surveys_remark')
UNION ALL
SELECT format('%%s.%%s counts up', c.table_name, c.column_name) FROM information_schema.columns c
WHERE c.table_schema = 'public' AND c.table_name IN ('surveys_ballot', 'surveys_urn', 'surveys_figure', 'surveys_remark')
  AND (c.is_identity = 'YES' OR c.column_default LIKE 'nextval%%')

-- name: commit_times
-- The server keeps when each transaction ended: then a ballot's disappearance has a time.
SELECT 'the server keeps commit times' WHERE current_setting('track_commit_timestamp') = 'on'

-- name: keys
-- Surveys that are closed and still have what their keys are made of; anonymous ones that keep the ballots of more people
-- than have not answered.
SELECT format('survey %%s: its key was not destroyed', id) FROM surveys_survey
WHERE controller_id = %(controller)s AND stage = 'closed' AND (secret IS NOT NULL OR lock IS NOT NULL)
UNION ALL
SELECT format('survey %%s: its answers are not sealed to its words', id) FROM surveys_survey
WHERE controller_id = %(controller)s AND anonymous AND stage = 'open' AND lock IS NULL
UNION ALL
SELECT format('survey %%s: ballots and answers are not as many as were asked', s.id) FROM surveys_survey s
WHERE s.controller_id = %(controller)s AND s.anonymous AND s.stage = 'open'
  AND s.asked <> (SELECT count(*) FROM surveys_ballot b WHERE b.survey_id = s.id)
    + (SELECT coalesce(sum(u.held), 0) FROM surveys_urn u WHERE u.survey_id = s.id)

-- name: remarks
-- Remarks that were written apart from the others of their survey: their order would tell something.
SELECT format('survey %%s: its remarks were not written at once', q.survey_id)
FROM surveys_remark r JOIN surveys_question q ON q.id = r.question_id JOIN surveys_survey s ON s.id = q.survey_id
WHERE s.controller_id = %(controller)s GROUP BY q.survey_id
HAVING count(DISTINCT r.xmin::text) > 1 OR count(DISTINCT r.closed_at) > 1
