"""The forms of sign-in and Min side that store identifying data, and which declared form each is (A2); ways in (B6)."""

from tillit.declaration.forms import served_form
from tillit.declaration.registry import domain_trial
from tillit.faces.member_web import proof

served_form("join", "join_web")
served_form("join_link", "join_sms")
served_form("sign_in_number", "sign_in")
served_form("register", "app_registration", activity="self_service", collects=("contact",))
served_form("rejoin", "rejoin", activity="rejoining", collects=("relationship", "membership"))
served_form("push_devices", activity="app_operation", collects=("device",))
served_form("supply", "metering_point")
served_form("supply_app", "app_sign_up")
served_form("cards", "add_card")
served_form("interests", "interests")
served_form("services", "order")
served_form("family", "family_registration")
served_form("blocking", "blocking_registration")
served_form("id_protection", "identity_mandate")
served_form("web_cleanup", "cleanup_request")
served_form("concierge", "concierge_order")
served_form("belongings", "object_entry")
served_form("insurance", "insurance_claim")
served_form("payments", "service_payment")
for _page in ("identity", "profile"):
    served_form(
        _page,
        "profile",
        "min_side_registration",
        "customer_account",
        activity="self_service",
        collects=("identity", "contact", "gender"),
    )
served_form("order_form", "order")
served_form("enquiries", "enquiry", "contact_us")
served_form("request_new", "rights_request")
served_form("choices", "marketing_choice")
served_form("advice", "advice")
served_form("complaint_new", "receipt_complaint")
domain_trial("sign_in_ways", trial=proof.ways, promised=lambda _: "sign_in_ways")
domain_trial("sign_in_providers", trial=proof.providers, promised=lambda _: "sign_in_providers")
