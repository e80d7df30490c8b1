"""Where a person can be reached over a channel: what is on record and not known to be dead. In the message's scope."""

from collections.abc import Collection, Sequence

from tillit.parties.models import Fact

KINDS: dict[str, tuple[str, ...]] = {"email": ("marketing.email", "email"), "sms": ("marketing.phone", "phone")}
"""Channel → kinds of fact that hold its address, the first that stands is used. A scope sees only what it may use."""


def known(*, subject_ids: Collection[int], channels: Sequence[str]) -> dict[str, dict[int, str]]:
    """Channel → person → address."""
    found: dict[str, dict[int, str]] = {channel: {} for channel in channels}
    wanted = {kind: channel for channel in channels for kind in KINDS.get(channel, ())}
    rows = Fact.objects.filter(
        subject_id__in=list(subject_ids), kind__in=list(wanted), superseded_at__isnull=True, failed_at__isnull=True
    ).values_list("subject_id", "kind", "value")
    best: dict[tuple[str, int], int] = {}
    for subject, kind, value in rows:
        channel = wanted[kind]
        rank = KINDS[channel].index(kind)
        if rank < best.get((channel, subject), len(KINDS[channel])):
            best[channel, subject] = rank
            found[channel][subject] = value
    return found
