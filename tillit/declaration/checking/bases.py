"""Every activity stands on a complete legal basis, and marketing on the right one (GDPR art. 6, D14, F9, B10)."""

from collections.abc import Iterator

from tillit.declaration.checking.context import Context, Path
from tillit.declaration.errors import Problem
from tillit.declaration.schema import REACHING, Activity

CUSTOMERS = frozenset({"member", "customer"})
"""The existing relationships in which own marketing may rest on a legitimate interest (marketing act, section 15)."""


EVERYTHING = frozenset({"retention", "rights_requests", "proof"})
"""The activities that cannot do their work on a part: what they do not see is never erased, answered for or proven."""


def problems(context: Context) -> Iterator[Problem]:
    """Missing required activities, incomplete bases, marketing without consent, first contact without ground."""
    declared = context.activities.keys()
    for key, word in context.words.activities.items():
        if word.required and key not in declared:
            message = f"the activity '{key}' is required of every declaration"
            yield context.problem(("activities",), "missing-activity", message)
    for i, activity in enumerate(context.declaration.activities):
        if activity.key in EVERYTHING and "*" not in activity.uses:
            message = f"'{activity.key}' must see all that is held: uses: [\"*\"]"
            yield context.problem(("activities", i, "uses"), "engine-activity", message)
        yield from _complete(context, ("activities", i), activity)
        yield from _marketing(context, ("activities", i), activity)


def _complete(context: Context, at: Path, activity: Activity) -> Iterator[Problem]:
    if not activity.applies_to:
        message = f"activity '{activity.key}' applies to nobody"
        yield context.problem((*at, "applies_to"), "applies-to-nobody", message)
    for n, basis in enumerate(activity.basis):
        here: Path = (*at, "basis", n)
        if basis.ground == "legitimate_interest":
            for field in ("interest", "balancing"):
                if not getattr(basis, field):
                    message = f"legitimate interest of '{activity.key}' lacks its {field}"
                    yield context.problem(here, f"missing-{field}", message)
        if basis.ground in {"legal_obligation", "public_task"} and not (basis.law or "").strip():
            message = f"{basis.ground} of '{activity.key}' lacks the law it rests on"
            yield context.problem(here, "missing-law", message)


def _marketing(context: Context, at: Path, activity: Activity) -> Iterator[Problem]:
    grounds = {basis.ground for basis in activity.basis}
    reaching = REACHING & set(activity.channels)
    holds = bool(activity.uses or activity.records)
    if grounds == {"legitimate_interest"} and activity.first_contact and reaching and holds:
        message = (
            f"'{activity.key}' rests on legitimate interest only, so it may not contact the person first "
            f"by {', '.join(sorted(reaching))}: set first_contact: false"
        )
        yield context.problem((*at, "channels"), "first-contact", message)
    for category in sorted(context.declaration.out_of_sight(activity) & {*activity.uses, *activity.records}):
        message = (
            f"'{category}' is held on a legitimate interest alone, so '{activity.key}', which contacts people first, "
            "may not use it: the declaration says first_contact_on_interest: false"
        )
        yield context.problem((*at, "uses"), "interest-contact", message)
    word = context.words.activities.get(activity.key)
    if word is None or not word.marketing or "consent" in grounds:
        return
    if "ads" in reaching or activity.key == "advertising":
        message = f"advertising elsewhere ('{activity.key}') needs consent"
        yield context.problem((*at, "basis"), "marketing-consent", message)
    elif grounds != {"legitimate_interest"} or not set(activity.applies_to) <= CUSTOMERS:
        message = (
            f"marketing ('{activity.key}') needs consent, or a legitimate interest with existing members "
            "and customers only"
        )
        yield context.problem((*at, "basis"), "marketing-consent", message)
