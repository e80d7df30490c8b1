"""The declaration layer holds no personal data. It answers for the audit tables too: their layer is below this one."""

from tillit import audit
from tillit.audit.models import Event, Link, Queued
from tillit.declaration import approvals
from tillit.declaration.models import Controller, DeclarationVersion, Draft, DraftRevision, Grant, Register
from tillit.declaration.registry import definer, domain_trial, not_personal, personal

not_personal(Register, because="groups controllers")
not_personal(Controller, because="organisations, not persons")
not_personal(DeclarationVersion, because="published text", only_added=True)
not_personal(Draft, because="a text that is to be published, and which colleague has approved it")
not_personal(DraftRevision, because="a text that is to be published", only_added=True)
not_personal(Grant, because="compiled rules")

definer("tillit_audit", audit.__file__, "functions", reads=("parties_subject",))
personal(
    Event,
    category="access_record",
    clocks={"looked": "at"},
    kind_column="type",
    writer="tillit_audit",
    disposer="audit_dispose",
    not_exported={"salt": "a random number that keeps the chain's leaf from being guessed"},
    outlives=True,
    withheld=(
        "starts_with(t.type, 'hold.') AND t.details->>'told' = 'false'",
        "what an order of court or authority forbids telling of",
    ),
    subject_link=False,  # subject 0 stands for nobody; an event may outlive the subject it is about
)
not_personal(Link, because="digests and the random id of an event, which alone names people", writer="tillit_audit")
not_personal(Queued, because="the random id of an event that waits to be linked", writer="tillit_audit")
domain_trial(
    "four_eyes",
    trial=approvals.missing,
    promised=lambda declaration: "changes.four_eyes" if declaration.changes.four_eyes else "",
)
