"""Events of surveys in the audit trail: of staff and the survey, never of an answer."""

from tillit.audit.types import COUNT, FLAG, ID, event_type

BEGUN = event_type("survey.begun", subject="none", survey=ID)
OPENED = event_type("survey.opened", subject="none", survey=ID, asked=COUNT, anonymous=FLAG)
REMINDED = event_type("survey.reminded", subject="none", survey=ID, people=COUNT)
CLOSED = event_type("survey.closed", subject="none", survey=ID, answers=COUNT)
DISCARDED = event_type("survey.discarded", subject="none", survey=ID)
