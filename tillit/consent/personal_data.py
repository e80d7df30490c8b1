"""What the consent layer answers for."""

from tillit.consent.models import Choice, ConsentEvent, Restriction
from tillit.declaration.registry import personal

personal(
    ConsentEvent,
    category="consent_record",
    clocks={"last_marketing_message": "last_marketing_message", "decided": "at"},
    kind_column="kind",
)
personal(Choice, category="consent_record", clocks={"decided": "since"})
personal(Restriction, category="rights_case", clocks={"case_closed": "lifted"})
