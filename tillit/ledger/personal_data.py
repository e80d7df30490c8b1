"""What the ledger answers for. The category is that of the domain whose books it keeps."""

from tillit.declaration.registry import definer, not_personal, personal
from tillit.ledger.models import AccountKind, Balance, Book, Closing, Transfer

_READS = ("ledger_account_kind", "ledger_book", "declaration_controller", "declaration_grant", "parties_subject")
for _file in ("guard", "post", "draw", "one", "close"):
    definer("tillit_ledger", __file__, _file, reads=_READS)

# A transfer needs no link of its own to the subject: one of its accounts is personal, and that balance row has one.
personal(
    Transfer,
    category="bonus",
    clocks={"purchased": "event_at", "booked": "recorded_at"},
    writer="tillit_ledger",
    disposer="ledger_dispose",
    subject_link=False,
    figures="sums over everyone stand in ledger_closing",
)
personal(
    Balance,
    category="bonus",
    clocks={"booked": "recorded_at"},
    writer="tillit_ledger",
    disposer="ledger_dispose_balances",
    figures="sums over everyone stand in ledger_closing",
)
not_personal(AccountKind, because="names of account kinds")
not_personal(Book, because="names of books")
not_personal(Closing, because="sums over everyone in a month", writer="tillit_ledger")
