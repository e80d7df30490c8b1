"""What can go wrong with a survey."""

from tillit.kernel.errors import TillitError


class SurveyError(TillitError):
    """`stage`: not now (only a draft is changed, only an open one answered); `words`: a text is missing; `questions`:
    there is none; `options`: too few, or not as many in each language; `range`: low is not below high; `closes`: not a
    day to come; `nobody`: nobody may be asked, or fewer than the minimum group for an anonymous one; `uncommitted`: no
    draw was committed to; `reminded`: they have been reminded; `sending`: people are
    still being invited; `segment`: people are not drawn by that; `phrase-missing`, `phrase-short`: an anonymous one is
    closed by words of at least 20 characters; `phrase`: those are not the words; `unsure`: nobody said that
    the answers are to be destroyed.
    """

    exit_code = 2


class AnswerError(TillitError):
    """`link`: no such link, or it is used up; `over`: the survey is closed; `required`, `value`: an answer is missing,
    or is none of the question's (`question` tells which).
    """

    def __init__(self, code: str, message: str, question: int = 0) -> None:
        super().__init__(code, message)
        self.question = question
