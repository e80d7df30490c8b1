"""What the purchases domain answers for."""

from tillit.declaration.registry import not_personal, owned, personal, transient
from tillit.purchases.models import (
    Batch,
    Chain,
    EnterpriseRange,
    PaymentInstrument,
    ProductGroup,
    Purchase,
    QuarantinedRow,
    SalesSum,
    Seen,
    Source,
    StagedPurchase,
    Store,
    UnmatchedRefund,
)

personal(Purchase, category="purchase", clocks={"purchased": "event_at"}, anonymiser=(__file__, "sales", "keep_sums"))
personal(UnmatchedRefund, category="purchase", clocks={"purchased": "recorded_at"})
personal(
    PaymentInstrument,
    category="payment_instrument",
    clocks={"removed": "removed_at"},
    not_exported={"digest": "a keyed digest: says nothing to you and identifies the card to a key holder"},
)
owned(
    Seen,
    category="purchase",
    because="digests of the rows that became purchases",
    where="digest IN (SELECT id FROM purchases_purchase WHERE subject_id = ANY (%(subjects)s))",
    follows=("purchases_purchase", "t.digest = d.id"),
)
transient(StagedPurchase, because="rows between file and posting", kept="P1D", clock_column="event_at")
transient(QuarantinedRow, because="rows waiting for repair", kept="P90D", clock_column="quarantined_at")
not_personal(Chain, because="shops")
not_personal(Store, because="shops")
not_personal(ProductGroup, because="product groups")
not_personal(EnterpriseRange, because="leading digits of company cards")
not_personal(SalesSum, because="sums over at least the minimum group, of purchases that were disposed of")
not_personal(Source, because="senders of files")
not_personal(Batch, because="counts of a file")
