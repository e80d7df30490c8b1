"""Where a person can be reached over a channel: what is on record and not known to be dead. In the message's scope."""

from collections.abc import Collection, Sequence

from tillit.messages import push
from tillit.parties.models import Fact

POST, PHONE = "post", "phone"
KINDS: dict[str, tuple[str, ...]] = {
    "email": ("marketing.email", "email"),
    "sms": ("marketing.phone", "phone"),
    PHONE: ("marketing.phone", "phone"),
}
"""Channel → kinds of fact that hold its address, the first that stands is used. A scope sees only what it may use."""


POSTAL = ("name.given", "name.family", "address.street", "address.postal_code", "address.city", "address.country")
_NEEDED = ("address.street", "address.postal_code", "address.city")


def postal(*, subject_ids: Collection[int]) -> dict[int, str]:
    """Person → name, street, postal code, city and country in five lines; only who has all of an address. A protected
    address is sealed, and so is not found here.
    """
    parts: dict[int, dict[str, str]] = {}
    rows = Fact.objects.filter(
        subject_id__in=list(subject_ids), kind__in=POSTAL, superseded_at__isnull=True, failed_at__isnull=True
    ).values_list("subject_id", "kind", "value")
    for subject, kind, value in rows:
        parts.setdefault(subject, {})[kind] = " ".join(value.split())
    found = {}
    for subject, one in parts.items():
        if all(one.get(kind) for kind in _NEEDED):
            name = f"{one.get(POSTAL[0], '')} {one.get(POSTAL[1], '')}".strip()
            found[subject] = "\n".join([name, *(one.get(kind, "") for kind in POSTAL[2:])])
    return found


def known(*, subject_ids: Collection[int], channels: Sequence[str]) -> dict[str, dict[int, str]]:
    """Channel → person → address. Of browsers, which are sealed, only that there are some (`push.known`)."""
    found: dict[str, dict[int, str]] = {channel: {} for channel in channels}
    if POST in found:
        found[POST] = postal(subject_ids=subject_ids)
    if push.CHANNEL in found:
        found[push.CHANNEL] = dict.fromkeys(push.switched_on(subject_ids=subject_ids), push.CHANNEL)
    wanted = {kind for channel in channels for kind in KINDS.get(channel, ())}
    rows = Fact.objects.filter(
        subject_id__in=list(subject_ids), kind__in=list(wanted), superseded_at__isnull=True, failed_at__isnull=True
    ).values_list("subject_id", "kind", "value")
    best: dict[tuple[str, int], int] = {}
    for subject, kind, value in rows:
        for channel in (one for one in channels if kind in KINDS.get(one, ())):
            rank = KINDS[channel].index(kind)
            if rank < best.get((channel, subject), len(KINDS[channel])):
                best[channel, subject] = rank
                found[channel][subject] = value
    return found
