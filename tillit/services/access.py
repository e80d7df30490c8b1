"""Whether a person may begin to use a service now. Within an open scope."""

from datetime import date

from tillit.services import agreements
from tillit.services.product_models import ServiceProduct


def open_to(*, subject_id: int, controller_id: int, service: str, on: date) -> bool:
    """Whether an agreement gives it; where no product of the controller gives that service, every customer has it."""
    sold = ServiceProduct.objects.filter(controller_id=controller_id, services__contains=[service]).exists()
    return not sold or agreements.has_access(subject_id=subject_id, controller_id=controller_id, service=service, on=on)
