"""What people ask customer service, and complain of, as kinds of case (D9, E8, C12): fields, steps, attachments.

They come from Min side, by e-mail, by phone, from social media, by letter or at the counter. Only what matters to the
case is written down: facts that staff note, and the correspondence itself, which are messages of the case with a
retention of their own (`messages`, category `correspondence`).
"""

from tillit.cases.kinds import Attachments, Field, Kind, step
from tillit.declaration.schema import Declaration

ENQUIRY = "enquiry"
COMPLAINT = "complaint"
CHANNELS = ("self_service", "email", "phone", "social_media", "sms", "post", "reception")
"""How it came in; the first is the person's own doing on Min side."""
OUTCOMES = ("answered", "upheld", "partly_upheld", "rejected", "passed_on", "no_answer_needed")
TOPICS = ("bonus", "order", "payment", "agreement", "technical", "service", "other")
OPEN = ("received", "in_hand", "waiting")
SUBJECT_LONGEST = 200

_FIELDS = {
    "subject": Field("text", required=True, longest=SUBJECT_LONGEST),
    "text": Field("text"),
    "topic": Field("code", choices=frozenset(TOPICS)),
}
_STEPS = {
    "wrote": step(*OPEN, after="in_hand", shown=True),
    "wrote_again": step("closed", after="in_hand", shown=True, reopens=True),
    "replied": step(*OPEN, after="waiting", shown=True, answers=True),
    "note": step(*OPEN, "closed"),
    "involved": step(*OPEN, shown=True),  # another controller of a joint arrangement, in a case of its own (A1)
    "topic": step(*OPEN, states=frozenset({"topic"})),
    "decided": step(*OPEN, settles=True, shown=True),
    "closed": step(*OPEN, after="closed", shown=True, closes=True),
    "taken_back": step(*OPEN, after="closed", shown=True, closes=True),
    "reopened": step("closed", after="in_hand", shown=True, reopens=True),
}

ENQUIRIES = Kind(
    ENQUIRY,
    category="enquiry",
    activity="customer_service",
    fields=_FIELDS,
    steps={key: one for key, one in _STEPS.items() if key != "decided"},
    attachments=Attachments(most=5),
)
COMPLAINTS = Kind(
    COMPLAINT,
    category="complaint",
    activity="customer_service",
    fields=_FIELDS,
    steps=_STEPS,
    attachments=Attachments(most=5),
)
KINDS = (ENQUIRY, COMPLAINT)


def category_of(kind: str, declaration: Declaration) -> str:
    """The category its rows have with a controller: one that keeps no complaints apart keeps them with enquiries."""
    return kind if kind in declaration.category_keys() else "enquiry"
