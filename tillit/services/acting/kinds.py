"""ID protection and web clean-up as kinds of case: fields, steps, files."""

from tillit.cases import files
from tillit.cases.kinds import Attachments, Field, Kind, step
from tillit.services.acting.models import ID_PROTECTION, WEB_CLEANUP, Counterpart, Letter, Mandate

OPENED, MANDATED = "received", "mandated"
MISUSE = ("loan", "purchase", "subscription", "account", "profile", "other")
"""What somebody else has done in the person's name."""
_OPEN = (OPENED, MANDATED)

_STEPS = {
    "mandate_signed": step(*_OPEN, after=MANDATED, shown=True),
    "mandate_withdrawn": step(*_OPEN, after=OPENED, shown=True),
    "counterpart": step(*_OPEN, shown=True),
    "sent": step(MANDATED, shown=True),
    "reminded": step(MANDATED, shown=True),
    "not_reminded": step(*_OPEN),
    "came_in": step(MANDATED, shown=True),
    "outcome": step(*_OPEN, shown=True),
    "looked_again": step(*_OPEN, shown=True),
    "wrote": step(*_OPEN, shown=True),
    "replied": step(*_OPEN, shown=True, answers=True),
    "note": step(*_OPEN, "closed"),
    "closed": step(*_OPEN, after="closed", shown=True, answers=True, settles=True, closes=True),
    "reopened": step("closed", after=OPENED, shown=True, reopens=True),
}
_FILES = Attachments(most=200, types=frozenset({files.PDF, *files.PICTURES}))

ID_CASE = Kind(
    ID_PROTECTION,
    category="id_case",
    activity=ID_PROTECTION,
    fields={
        "text": Field("text", required=True),
        "misuse": Field("codes", choices=frozenset(MISUSE)),
        "found_on": Field("date"),
        "reported": Field("flag"),
    },
    steps=_STEPS,
    attachments=_FILES,
    rows=(Mandate, Counterpart, Letter),
)
CLEAN_UP = Kind(
    WEB_CLEANUP,
    category="web_cleanup_case",
    activity=WEB_CLEANUP,
    fields={"text": Field("text", required=True)},
    steps=_STEPS,
    attachments=_FILES,
    rows=(Mandate, Counterpart, Letter),
)
KINDS = {kind.key: kind for kind in (ID_CASE, CLEAN_UP)}
