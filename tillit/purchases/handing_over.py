"""Registered cards and accounts go along when people are handed over (A10, C4): last four, network, and a digest made
of the giver's digest (`parties.carried`, ADR 15), for the numbers are in nobody's hands.

They earn at the receiver from that moment. Those that were taken off stay behind. Registered again by the person, a
card gets a digest of the receiver's own.
"""

from uuid import UUID

from tillit.declaration.registry.going import Counts, Going
from tillit.parties import carried, directories
from tillit.parties.digests import Kind
from tillit.purchases.models import PaymentInstrument


def carry(going: Going) -> Counts:
    """Put the person's cards on them at the receiver. In the caller's scope; rows that left and arrived."""
    if "payment_instrument" not in going.categories:
        return {}
    rows = PaymentInstrument.objects.filter(
        subject_id__in=going.subjects, controller_id__in=[going.giver, going.from_holder], removed_at=None
    )
    left = arrived = 0
    for row in rows.order_by("registered_at", "id"):
        kind, before = Kind(row.kind), UUID(str(row.digest))
        source = (going.from_register, directories.version(register_id=going.from_register, kind=kind, digest=before))
        version = carried.version(register_id=going.to_register, source=source)
        (made,) = carried.again(register_id=going.to_register, kind=kind, before=[before.bytes])
        left += 1
        held = directories.claim_set(
            register_id=going.to_register,
            kind=kind,
            claims={UUID(bytes=made): going.new},
            since={going.new: going.at},
            version=version,
        )
        if held[UUID(bytes=made)] != going.new:
            continue
        PaymentInstrument.objects.create(
            subject_id=going.new,
            controller_id=going.to_holder,
            kind=row.kind,
            network=row.network,
            last_four=row.last_four,
            digest=UUID(bytes=made),
            registered_at=going.at,
        )
        arrived += 1
    return {"purchases_instrument": (left, arrived)} if left else {}
