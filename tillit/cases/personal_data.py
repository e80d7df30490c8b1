"""What the case engine answers for. A domain's kind adds its categories (`kinds.add`)."""

from tillit.cases import customers, handing_over, kinds, rights, unfinished
from tillit.cases.models import Case, Document, Entry, Matter, MatterEntry
from tillit.declaration.registry import goes_along, not_personal, personal

personal(
    Case,
    category_column="category",
    categories=("rights_case",),
    clocks={
        "case_closed": "closed_at",
        "collected": "received_at",
        "decided": "settled_at",
        "paid": "settled_at",
        "refused": "settled_at",
        "answered": "answered_at",
    },
    kind_column="kind",
)
personal(
    Entry,
    category_column="category",
    categories=("rights_case",),
    clocks={"case_closed": "closed_at", "collected": "at"},
)
personal(
    Document,
    category_column="category",
    categories=("rights_case", "rights_copy"),
    clocks={"case_closed": "closed_at", "answered": "made_at", "collected": "made_at", "recorded": "made_at"},
    sealed=("sealed",),
    not_exported={
        "sealed": "a copy of what the other parts of an answer say, or a file attached to its case, where it is fetched"
    },
)
kinds.add(rights.KIND)
kinds.add(customers.ENQUIRIES)
kinds.add(customers.COMPLAINTS)
unfinished.finished_first("enquiry", *customers.KINDS)
not_personal(Matter, because="what happened and what was done, naming nobody: whom it concerns stands in their cases")
not_personal(MatterEntry, because="which step was taken in a matter that names nobody, by which account")
goes_along("cases", carry=handing_over.carry)
