"""What stands on a membership card (B2): the union, the type of membership, the member number, the name."""

from dataclasses import dataclass
from datetime import date

from tillit.declaration.models import Controller
from tillit.membership.standing import standing
from tillit.parties.models import Relationship
from tillit.parties.queries import facts


@dataclass(frozen=True)
class Face:
    """The card as it is shown. type_name, number: empty where the union has not given any."""

    union: str
    type_name: str
    number: str
    name: str
    since: date


def face_of(*, subject_id: int, controller: Controller, on: date) -> Face | None:
    """The card of a member on a day; None for who is no member then. Within a scope of `membership_card`."""
    ties = Relationship.objects.filter(subject_id=subject_id, controller_id=controller.pk, kind="member")
    tie = next((one for one in ties if one.started <= on and (one.ended is None or one.ended > on)), None)
    if tie is None:
        return None
    known = facts(subject_id=subject_id)
    name = " ".join(known[kind] for kind in ("name.given", "name.family") if kind in known)
    mine = standing(subject_id=subject_id, controller_id=controller.pk, on=on)
    joined = mine.joined if mine else tie.started
    return Face(controller.name, mine.type_name if mine else "", known.get("member_number", ""), name, joined)
