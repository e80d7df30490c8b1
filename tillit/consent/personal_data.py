"""What the consent layer answers for."""

from tillit.consent.models import Choice, ConsentEvent, Restriction
from tillit.declaration.registry import derived_clock, personal

personal(
    ConsentEvent,
    category="consent_evidence",
    clocks={"decided": "at", "last_marketing_message": "last_marketing_message"},
    kind_column="kind",
    journaled={"evidence": ""},
    pseudonymise=("evidence",),
)
personal(Choice, category="consent_record", clocks={"decided": "since"}, journaled={})
personal(Restriction, category="rights_case", clocks={"case_closed": "lifted"}, journaled={})

derived_clock("consent_withdrawn", __file__, "clocks", "consent_withdrawn")
