"""A complaint of missing or wrong bonus as a kind of case (C12): the receipt is attached, staff decide, the ledger
follows. Also of a card that stands on another's BonusID (C4).
"""

from tillit.cases.kinds import Attachments, Field, Kind, step

COMPLAINT = "bonus_complaint"
ABOUT = ("missing", "wrong", "card_taken")
MISSING, WRONG, CARD_TAKEN = ABOUT
OPEN = ("received", "waiting")
UPHELD, REJECTED = "upheld", "rejected"
PROPOSED = "proposed"  # a missing purchase so large that a second person posts it

KIND = Kind(
    COMPLAINT,
    category="complaint",
    activity="bonus_correction",
    fields={
        "about": Field("code", required=True, choices=frozenset(ABOUT)),
        "text": Field("text", longest=2000),
        "chain": Field("code", means="chain"),
        "bought_on": Field("date"),
        "amount": Field("text", longest=20),
        "receipt": Field("text", longest=60),
        # Of a card only what an instrument keeps, too: the digest tells nobody the number.
        "last_four": Field("text", longest=4),
        "network": Field("code"),
        "instrument": Field("text", longest=36, means="digest"),
        "instrument_kind": Field("text", longest=3, means="digest"),
    },
    steps={
        "asked": step(*OPEN, after="waiting", shown=True),
        "wrote": step(*OPEN, after="received", shown=True),
        "note": step(*OPEN, "closed"),
        PROPOSED: step(*OPEN),
        UPHELD: step(*OPEN, after="closed", shown=True, answers=True, settles=True, closes=True),
        REJECTED: step(*OPEN, after="closed", shown=True, answers=True, settles=True, closes=True),
        "taken_back": step(*OPEN, after="closed", shown=True, closes=True),
    },
    attachments=Attachments(most=5),
)
