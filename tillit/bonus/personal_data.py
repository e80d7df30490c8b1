"""What the bonus domain answers for. Balances and transfers stand in the ledger."""

from tillit.bonus import complaints, handing_over, misuse, profiles, voucher_endings, warnings
from tillit.bonus.models import (
    Correction,
    GiftCard,
    Offer,
    OfferAudience,
    OfferShare,
    OfferUnit,
    Programme,
    RateRule,
    Suspension,
    TermsDraft,
    Voucher,
)
from tillit.bonus.offers import faults
from tillit.bonus.profile_models import ProfilePart
from tillit.bonus.programmes import departures
from tillit.bonus.settlement_models import BankMovement, SettlementBill
from tillit.cases import kinds
from tillit.declaration.held_to import follows_declaration
from tillit.declaration.registry import domain_check, domain_trial, goes_along, not_personal, personal, routines

personal(Correction, category="bonus", clocks={"booked": "recorded_at"}, figures="its amount is in ledger_closing")

personal(
    GiftCard,
    category="gift_card",
    clocks={"booked": "recorded_at"},
    not_exported={"nonce": "what the card's code is made from: who has it can spend it"},
    figures="its amount is in ledger_closing",
)
personal(
    Voucher,
    category="bonus",
    clocks={"booked": "recorded_at"},
    not_exported={"nonce": "what the voucher's code is made from: who has it can spend it"},
    figures="its amount is in ledger_closing",
)
routines(
    __file__,
    "calls",
    reaches={
        "bonus_reserve": {"bonus_voucher": (1, 2), "purchases_unmatched_refund": (1,)},
        "bonus_lapsed": {"ledger_balance": (1,), "bonus_voucher": (1,)},
        "bonus_ready": {"ledger_balance": (1,), "bonus_voucher": (1,), "purchases_unmatched_refund": (1,)},
        "bonus_waiting": {
            "ledger_balance": (1,),
            "ledger_transfer": (1,),
            "bonus_voucher": (1,),
            "purchases_unmatched_refund": (1,),
        },
        "bonus_redeem": {"bonus_voucher": (1, 2)},
        "bonus_balance": {
            "ledger_balance": (1,),
            "bonus_voucher": (1,),
            "purchases_authorisation": (1,),
            "purchases_unmatched_refund": (1,),
        },
    },
)
for _model in (OfferShare, OfferUnit):
    personal(_model, category="bonus", clocks={"booked": "recorded_at"}, figures="its amount is in ledger_closing")
personal(
    OfferAudience, category="gift_card", clocks={"booked": "recorded_at"}, figures="whom it was made to is not counted"
)
personal(ProfilePart, category="profile", clocks={"collected": "compiled_at"}, figures="a profile is nobody's figure")
follows_declaration(ProfilePart, profiles.faults)

follows_declaration(Voucher, voucher_endings.faults)

domain_trial(
    "warned",
    trial=warnings.unwarned,
    promised=lambda declaration: "programme.warn_before_expiry" if declaration.programme else "",
)
domain_check(
    "gift_card_life",
    __file__,
    "gift_cards",
    "life",
    promised=lambda declaration: "programme.gift_card_months" if declaration.programme else "",
)
not_personal(Programme, because="terms of a chain")
follows_declaration(Programme, departures)
not_personal(TermsDraft, because="changes of a chain's rates and offers that are being prepared")
not_personal(SettlementBill, because="what a chain's month comes to")
not_personal(BankMovement, because="figures of movements on a controller's account, without the names")
not_personal(RateRule, because="rates of a chain")
not_personal(Offer, because="offers of a chain, and what each has given in all")
follows_declaration(Offer, faults)
not_personal(Suspension, because="when earning or use of a chain's bonus is suspended")
kinds.add(complaints.KIND)
kinds.add(misuse.MISUSE_KIND)
kinds.add(misuse.CLAIM_KIND)
goes_along(
    "bonus",
    carry=handing_over.carry,
    undecided=handing_over.undecided,
    pack=handing_over.pack,
    unpack=handing_over.unpack,
)
