"""What the consent layer answers for."""

from tillit.consent.models import Choice, ConsentEvent, CookieChoice, ProofFile, Restriction, Wording
from tillit.declaration.registry import derived_clock, domain_check, not_personal, personal, transient
from tillit.declaration.schema import Declaration

personal(
    ConsentEvent,
    category="consent_evidence",
    clocks={"decided": "at", "last_marketing_message": "last_marketing_message"},
    kind_column="kind",
    journaled={"evidence": ""},
    pseudonymise=("evidence",),
)
personal(
    ProofFile,
    category="consent_evidence",
    clocks={"decided": "at", "last_marketing_message": "last_marketing_message"},
    kind_column="kind",
    sealed=("sealed",),
    pseudonymise=("sealed",),
    not_exported={"sealed": "what a partner sent as proof, fetched from the receipts of your choices"},
)
personal(Choice, category="consent_record", clocks={"decided": "since"}, journaled={}, codes=("activity", "channel"))
personal(Restriction, category="rights_case", clocks={"case_closed": "lifted"}, journaled={})

not_personal(Wording, because="words of ours that choices were made on", only_added=True)
transient(
    CookieChoice,
    because="a choice about cookies in one browser, under a random id that only the browser holds; kept as declared",
    kept="P0D",
    clock_column="keep_until",
)
derived_clock("consent_withdrawn", __file__, "clocks", "consent_withdrawn")
derived_clock("consent_given", __file__, "clocks", "consent_given")


def _from_partners(declaration: Declaration) -> str:
    """Where the declaration says that partners submit permissions; where it does not, what says that there is a yes at
    all: a permission that somebody submitted nevertheless must be found, too.
    """
    asked = [one for one in declaration.activities if any(basis.ground == "consent" for basis in one.basis)]
    for one in asked:
        if "partner" in one.sources:
            return f"activities.{one.key}.sources"
    return f"activities.{asked[0].key}.basis" if asked else ""


domain_check("permissions", __file__, "promises", "permissions", promised=_from_partners)
