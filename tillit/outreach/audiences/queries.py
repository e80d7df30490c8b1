"""Who could be in an audience, and why others are not; the audiences there are (B10)."""

from collections import Counter
from dataclasses import dataclass

from tillit.consent.queries import reasons
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration, Processor
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import addresses
from tillit.outreach.audiences.client import Hashed
from tillit.outreach.audiences.hashing import email_hash, phone_hash
from tillit.outreach.audiences.models import Audience

ACTIVITY, CHANNEL, CATEGORY = "advertising", "ads", "advertising_audience"
NO_ADDRESS = "no-address"


@dataclass(frozen=True)
class Reach:
    """Who may be in an audience (person → hashes), and reason → how many others are not."""

    people: dict[int, Hashed]
    excluded: dict[str, int]


def networks(declaration: Declaration) -> list[Processor]:
    """The processors an audience may be at: declared for hashed addresses, under an agreement in force; none where the
    controller has not approved advertising.
    """
    activity = declaration.activity(ACTIVITY)
    if activity is None or CHANNEL not in activity.channels:
        return []
    today = clock.today()
    return [p for p in declaration.processors if p.categories == (CATEGORY,) and p.agreement <= today]


def reach(*, controller: Controller) -> Reach:
    """Everyone the activity applies to: who may be advertised to and has an address, and why the others are not."""
    if not networks(current(controller_id=controller.pk, on=clock.today())):
        return Reach({}, {})
    answers = reasons(controller_id=controller.pk, activity=ACTIVITY, channel=CHANNEL)
    excluded = Counter(reason for reason in answers.values() if reason)
    lawful = [subject for subject, reason in answers.items() if not reason]
    with scope_of(controller):
        known = addresses.known(subject_ids=lawful, channels=("email", "sms"))
    people = {}
    for subject in lawful:
        hashed = email_hash(known["email"].get(subject, "")), phone_hash(known["sms"].get(subject, ""))
        if any(hashed):
            people[subject] = hashed
    if missing := len(lawful) - len(people):
        excluded[NO_ADDRESS] = missing
    return Reach(people, dict(sorted(excluded.items())))


def audiences(*, controller: Controller) -> list[Audience]:
    """The controller's audiences, those that go on first, the newest first."""
    mine = Audience.objects.filter(controller=controller)
    return [*mine.filter(ended_at__isnull=True).order_by("-made_at"), *mine.exclude(ended_at=None).order_by("-made_at")]


def scope_of(controller: Controller) -> Scope:
    """The scope in which audiences are made and followed."""
    return Scope(system("audiences", {controller.pk}), ACTIVITY)
