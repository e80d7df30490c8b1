"""Where a person can be reached over a channel: what is on record and not known to be dead. In the message's scope."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from tillit.messages import push
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import same_people
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
    people = same_people(subject_ids)
    parts: dict[int, dict[str, str]] = {}
    rows = Fact.objects.filter(
        subject_id__in=list(people), kind__in=POSTAL, superseded_at__isnull=True, failed_at__isnull=True
    ).values_list("subject_id", "kind", "value")
    for subject, kind, value in rows:
        parts.setdefault(subject, {})[kind] = " ".join(value.split())
    whole = {subject: one for subject, one in parts.items() if all(one.get(kind) for kind in _NEEDED)}
    found = {}
    for asked, subject in _nearest(subject_ids, people, whole).items():
        one = whole[subject]
        named = one if one.get(POSTAL[1]) else parts.get(asked, one)
        name = f"{named.get(POSTAL[0], '')} {named.get(POSTAL[1], '')}".strip()
        found[asked] = "\n".join([name, *(one.get(kind, "") for kind in POSTAL[2:])])
    return found


def digest_of(*, register_id: int, channel: str, address: str) -> UUID:
    """A keyed digest of an address of a channel, by which one can tell whether it is the same still."""
    return digest(register_id, Kind.PHONE_AND_EMAIL, f"bound:{channel}:{address}")


def known(*, subject_ids: Collection[int], channels: Sequence[str]) -> dict[str, dict[int, str]]:
    """Channel → person → address: their own, else that of a subject merged with theirs (C3). Of browsers, which are
    sealed, only that there are some (`push.known`).
    """
    found: dict[str, dict[int, str]] = {channel: {} for channel in channels}
    if POST in found:
        found[POST] = postal(subject_ids=subject_ids)
    if push.CHANNEL in found:
        found[push.CHANNEL] = dict.fromkeys(push.switched_on(subject_ids=subject_ids), push.CHANNEL)
    wanted = {kind for channel in channels for kind in KINDS.get(channel, ())}
    if not wanted:
        return found
    people = same_people(subject_ids)
    rows = Fact.objects.filter(
        subject_id__in=list(people), kind__in=list(wanted), superseded_at__isnull=True, failed_at__isnull=True
    ).values_list("subject_id", "kind", "value")
    held: dict[str, dict[int, dict[str, str]]] = {channel: {} for channel in channels}
    for subject, kind, value in rows:
        for channel in (one for one in channels if kind in KINDS.get(one, ())):
            held[channel].setdefault(subject, {})[kind] = value
    for channel in (one for one in channels if one in KINDS):
        for asked, subject in _nearest(subject_ids, people, held[channel]).items():
            has = held[channel][subject]
            found[channel][asked] = next(has[kind] for kind in KINDS[channel] if kind in has)
    return found


def _nearest(asked: Collection[int], people: Mapping[int, int], have: Collection[int]) -> dict[int, int]:
    """Of each who is asked about the subject that has something: themselves, the one they are known by, another."""
    by_person: dict[int, list[int]] = {}
    for subject in sorted(have):
        by_person.setdefault(people[subject], []).append(subject)
    found = {}
    for one in asked:
        person = people[one]
        if there := by_person.get(person):
            found[one] = min(there, key=lambda subject: (subject != one, subject != person, subject))
    return found
