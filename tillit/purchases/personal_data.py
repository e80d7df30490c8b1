"""What the purchases domain answers for."""

from tillit.declaration.registry import (
    definer,
    domain_trial,
    goes_along,
    not_personal,
    outward_way,
    owned,
    personal,
    segment_fact,
    transient,
)
from tillit.purchases import handing_over, segments
from tillit.purchases.models import (
    Authorisation,
    Batch,
    Chain,
    EnterpriseRange,
    MadeGood,
    MadeGoodLine,
    PaymentInstrument,
    ProductGroup,
    Purchase,
    QuarantinedRow,
    SalesSum,
    Seen,
    Source,
    Store,
    UnmatchedRefund,
)
from tillit.purchases.reading import proof

definer("tillit_directory", __file__, "matching", reads=("parties_subject",))

# No link of its own to the subject: a look-up a row was half of what taking it in cost. The directory's function gives
# people who are there, and who goes waits for sets under way (`parties.operations.wait_for_sets`).
personal(
    Purchase,
    category="purchase",
    clocks={"purchased": "event_at"},
    anonymiser=(__file__, "sales", "keep_sums"),
    subject_link=False,
    moves=True,
)
personal(
    Authorisation, category="purchase", clocks={"purchased": "event_at"}, figures="it earns, and counts, when it clears"
)
personal(UnmatchedRefund, category="purchase", clocks={"purchased": "recorded_at"}, figures="it waits to become one")
personal(
    PaymentInstrument,
    category="payment_instrument",
    clocks={"removed": "removed_at"},
    journaled={"last_four": ""},
    not_exported={
        "digest": "a keyed digest: says nothing to you and identifies the card to a key holder",
        "par": "a keyed digest of the card's payment account reference, as the other",
    },
)
owned(
    Seen,
    category="purchase",
    because="digests of the rows that became purchases",
    where="digest IN (SELECT id FROM purchases_purchase WHERE subject_id = ANY (%(subjects)s))",
    follows=("purchases_purchase", "t.digest = d.id"),
)
owned(
    MadeGood,
    category="purchase",
    because="receipts that staff posted",
    where="purchase_id IN (SELECT id FROM purchases_purchase WHERE subject_id = ANY (%(subjects)s))",
    follows=("purchases_purchase", "t.purchase_id = d.id"),
)
owned(
    MadeGoodLine,
    category="purchase",
    because="digests of the lines of receipts that staff posted",
    where="purchase_id IN (SELECT id FROM purchases_purchase WHERE subject_id = ANY (%(subjects)s))",
    follows=("purchases_purchase", "t.purchase_id = d.id"),
)
transient(QuarantinedRow, because="rows waiting for repair", kept="P90D", clock_column="quarantined_at")
not_personal(Chain, because="shops")
not_personal(Store, because="shops")
not_personal(ProductGroup, because="product groups")
not_personal(EnterpriseRange, because="leading digits of company cards")
not_personal(SalesSum, because="sums over at least the minimum group, of purchases that were disposed of")
not_personal(Source, because="senders of files")
not_personal(Batch, because="counts of a file")
outward_way(
    "ownership",
    opens=("tillit.disclosure.calling",),
    through="the number of a card or account that a person registers, for the one call, to the bank or network that the"
    " installation names",
)

segment_fact("bought_within", "purchase", kind="number", at=(__file__, "segments", "bought_within"), profiles=True)
segment_fact(
    "bought_in",
    "purchase",
    kind="choice",
    at=(__file__, "segments", "bought_in"),
    options=segments.chains,
    profiles=True,
)
goes_along("purchases", carry=handing_over.carry)
domain_trial(
    "cash", trial=proof.cash, promised=lambda declaration: "programme.cash_earns" if declaration.programme else ""
)
