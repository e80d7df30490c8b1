"""What the ledger answers for. A row has its book's category; a domain adds those of its books (`also_holds`)."""

from tillit.declaration.registry import definer, not_personal, personal
from tillit.ledger.models import AccountKind, Balance, Book, Closing, Transfer

_READS = ("ledger_account_kind", "ledger_book", "declaration_controller", "declaration_grant", "parties_subject")
for _file in ("guard", "post", "draw", "one", "close"):
    definer("tillit_ledger", __file__, _file, reads=_READS)

# A transfer needs no link of its own to the subject: one of its accounts is personal, and that balance row has one.
personal(
    Transfer,
    category_column="category",
    categories=("bonus", "gift_card"),
    clocks={"purchased": "event_at", "booked": "recorded_at", "paid": "event_at"},
    writer="tillit_ledger",
    disposer="ledger_dispose",
    subject_link=False,
    figures="sums over everyone stand in ledger_closing",
)
personal(
    Balance,
    category_column="category",
    categories=("bonus", "gift_card"),
    clocks={"booked": "recorded_at", "paid": "recorded_at"},
    writer="tillit_ledger",
    disposer="ledger_dispose_balances",
    figures="sums over everyone stand in ledger_closing",
)
not_personal(AccountKind, because="names of account kinds")
not_personal(Book, because="names of books")
not_personal(Closing, because="sums over everyone in a month", writer="tillit_ledger")
