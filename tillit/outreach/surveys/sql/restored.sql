-- name: not_again
-- Surveys that were under way when a dump was made. Anonymous ones end: their answers and the rights to answer are in no
-- dump. Others take answers still, but nobody is written to again: who was, since the dump, cannot be told from who was not.
WITH over AS (
  UPDATE surveys_survey SET stage = 'closed', closed_at = %(now)s, secret = NULL, lock = NULL, answers = 0, sending = false,
    problem = 'restored' WHERE stage = 'open' AND anonymous
  RETURNING id
), asked AS (
  DELETE FROM surveys_invitation i USING over WHERE i.survey_id = over.id
)
UPDATE surveys_survey SET stage = CASE WHEN stage = 'drawing' THEN 'draft' ELSE stage END, sending = false,
  problem = 'restored' WHERE stage = 'drawing' OR (stage = 'open' AND NOT anonymous AND sending)
