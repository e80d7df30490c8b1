"""The public forms that store identifying data, and which declared form each is (A2); what the app keeps in a browser
(G1).
"""

from tillit.declaration.forms import served_form
from tillit.declaration.registry import browser_item, domain_trial
from tillit.declaration.schema import Declaration
from tillit.faces.public_web import proof

served_form("newsletter", "newsletter_signup", "newsletter")
served_form("contact", "enquiry", "contact_us")
served_form("become_customer", "customer_registration", "become_customer")
served_form("order_service", "order")
served_form("survey", "survey", activity="surveys", collects=("survey_answer",))
served_form("job_application", "job_application")
served_form("reception_screen", "reception")
served_form("seminar", "seminar_signup")
served_form("competition", "competition")


def _app(declared: Declaration) -> bool:
    return bool(declared.device_permissions)


def _copies(declared: Declaration) -> bool:
    return any(one.key == "offline_copy" for one in declared.device_permissions)


browser_item("/{key}/app/worker.js", "worker", where=_app)
browser_item("tillit-{key}-frame", "cache", where=_app)
browser_item("tillit-{key}-kept", "cache", where=_copies)
browser_item(
    "tillit-{key}-kept",
    "indexed",
    where=lambda declared: _copies(declared) and declared.activity("membership_card") is not None,
)
domain_trial("cookie_life", trial=proof.lives, promised=lambda _: "cookies.choice_lives")
domain_trial("cookie_purposes", trial=proof.purposes, promised=lambda _: "cookies.purposes")
domain_trial(
    "cookie_gpc", trial=proof.gpc, promised=lambda said: "cookies.respects_gpc" if said.cookies.respects_gpc else ""
)
domain_trial("cookie_sites", trial=proof.sites, promised=lambda said: "sites" if said.sites else "")
