-- name: surveys
-- Of the controller's surveys: open ones past their day (anonymous ones wait 60 days for their words); closed ones that kept what they must not; messages that carry
-- more than the invitation's words; figures of too few, and of numbers those that tell the least or the greatest; answers
-- that left.
SELECT 'fault', 'surveys are open although their day has passed', count(*) FROM surveys_survey s
WHERE s.controller_id = %(controller)s AND s.stage = 'open'
  AND s.closes_on + CASE WHEN s.anonymous THEN 60 ELSE 0 END < %(on)s
UNION ALL
SELECT 'fault', 'closed surveys have kept ballots, urns or who was asked', count(*) FROM surveys_survey s
WHERE s.controller_id = %(controller)s AND s.stage = 'closed' AND (
  EXISTS (SELECT FROM surveys_ballot b WHERE b.survey_id = s.id) OR EXISTS (SELECT FROM surveys_urn u WHERE u.survey_id = s.id)
  OR EXISTS (SELECT FROM surveys_invitation i WHERE i.controller_id = s.controller_id AND i.survey_id = s.id))
UNION ALL
SELECT 'fault', 'answers to anonymous surveys are stored with a person', count(*) FROM surveys_response r
JOIN surveys_survey s ON s.id = r.survey_id WHERE s.controller_id = %(controller)s AND s.anonymous
UNION ALL
SELECT 'fault', 'figures of surveys are of fewer than the minimum group', count(*) FROM surveys_figure f
JOIN surveys_question q ON q.id = f.question_id JOIN surveys_survey s ON s.id = q.survey_id
WHERE s.controller_id = %(controller)s AND f.label <> 'mean' AND f.people < s.least
  AND NOT (q.kind = 'multiple' AND f.people = 0)
UNION ALL
SELECT 'fault', 'figures of numbers tell the least, the greatest or a mean that tells them', count(*) FROM surveys_figure f
JOIN surveys_question q ON q.id = f.question_id JOIN surveys_survey s ON s.id = q.survey_id
WHERE s.controller_id = %(controller)s AND (
  q.kind = 'number' AND f.label <> '*' AND (f.label !~ '^(…-?\d+|-?\d+…(-?\d+)?)$'
    OR f.label !~ '^…' AND f.position = (SELECT min(o.position) FROM surveys_figure o WHERE o.question_id = q.id)
    OR f.label !~ '…$' AND f.position = (SELECT max(o.position) FROM surveys_figure o WHERE o.question_id = q.id))
  OR f.label = 'mean' AND EXISTS (SELECT FROM surveys_figure o WHERE o.question_id = q.id AND o.label = '*'))
UNION ALL
SELECT 'fault', 'figures of a question are more or fewer than its answers', count(*) FROM (
  SELECT FROM surveys_figure f JOIN surveys_question q ON q.id = f.question_id JOIN surveys_survey s ON s.id = q.survey_id
  WHERE s.controller_id = %(controller)s AND q.kind IN ('single', 'scale', 'number') AND f.label <> 'mean'
  GROUP BY q.id HAVING sum(f.people) > max(f.answered) OR q.kind = 'number' AND sum(f.people) <> max(f.answered)) odd
UNION ALL
SELECT 'fault', 'messages about surveys keep a link', count(*) FROM messages_message m
WHERE m.controller_id = %(controller)s AND m.template LIKE 'survey\_%%'
  AND m.content::text LIKE '%%/surveys/%%'
UNION ALL
SELECT 'fault', 'answers to surveys were passed on', count(*) FROM disclosure_disclosure d
WHERE d.controller_id = %(controller)s AND d.recipient_kind <> 'processor' AND d.fields ? 'survey_answer'
UNION ALL SELECT '', 'surveys', count(*) FROM surveys_survey WHERE controller_id = %(controller)s
