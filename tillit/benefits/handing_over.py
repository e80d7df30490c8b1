"""Orders under way go along when members are handed over (A10): the supplier goes on with the same reference.

They are moved, not copied: the supplier's answer finds one order. What was delivered or came to nothing stays behind
and goes by the giver's rules.
"""

from collections.abc import Collection

from django.forms.models import model_to_dict

from tillit.benefits.order_models import OPEN, Order
from tillit.declaration.registry.going import Counts, Going


def carry(going: Going) -> Counts:
    """Move the person's open orders. In the caller's scope; rows that left and arrived."""
    if "benefit_order" not in going.categories:
        return {}
    rows = list(Order.objects.filter(subject_id__in=going.subjects, controller_id=going.giver, status__in=OPEN))
    for row in rows:
        columns = model_to_dict(row, exclude=["pk", "id", "subject_id", "controller_id", "state"])
        columns = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname in columns}
        Order.objects.create(subject_id=going.new, controller_id=going.receiver, **columns)
        Order.objects.filter(subject_id=row.subject_id, id=row.id).delete()
    return {"benefits_order": (len(rows), len(rows))} if rows else {}


def behind(controller: int, people: Collection[int]) -> int:
    """Orders still under way at the giver of people who have gone. In the caller's scope."""
    return Order.objects.filter(subject_id__in=people, controller_id=controller, status__in=OPEN).count()
