"""People a colleague has found in a session of theirs: a random token for each, so that no address names anybody (A9).

Kept in a table of its own, not in the session's signed data, where erasing the person would not find it.
"""

from uuid import UUID

from tillit.kernel import clock
from tillit.parties.models import FoundPerson


def token_of(*, login_id: int, browser: UUID, controller_id: int, activity: str, subject_id: int) -> str:
    """The token of the person found at the controller for the activity, in this browser's session; made once."""
    row, _ = FoundPerson.objects.get_or_create(
        login_id=login_id,
        browser=browser,
        controller_id=controller_id,
        activity=activity,
        subject_id=subject_id,
        defaults={"found_at": clock.now()},
    )
    return row.id.hex


def found_by(*, login_id: int, browser: UUID, controller_id: int, token: str) -> tuple[str, int] | None:
    """(activity, subject) behind the token; None for one of another session or controller, or who is gone."""
    try:
        known = UUID(hex=token)
    except ValueError:
        return None
    return (
        FoundPerson.objects.filter(id=known, login_id=login_id, browser=browser, controller_id=controller_id)
        .values_list("activity", "subject_id")
        .first()
    )
