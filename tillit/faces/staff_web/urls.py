"""Addresses of the staff console. None holds anything about a person but a token of the session."""

from django.urls import path

from tillit.faces import site  # noqa: F401 (it registers `<controller:…>`)
from tillit.faces.staff_web import (
    breaches,
    complaints,
    desk,
    enquiries,
    enrolment,
    identity,
    instruments,
    people,
    proof,
    refunds,
    reports,
    requests,
    second,
    sign_in,
)

urlpatterns = [
    path("", people.choose, name="staff"),
    path("sign-in/", sign_in.ask, name="staff_sign_in"),
    path("sign-in/code/", sign_in.confirm, name="staff_sign_in_code"),
    path("sign-in/factor/", sign_in.factor, name="staff_factor"),
    path("sign-in/passkey/", sign_in.passkey, name="staff_passkey"),
    path("sign-in/passkey/options/", sign_in.passkey_options, name="staff_passkey_options"),
    path("sign-in/set-up/", second.set_up, name="staff_set_up"),
    path("sign-in/set-up/passkey/", second.passkey, name="staff_passkey_add"),
    path("sign-in/set-up/passkey/options/", second.passkey_options, name="staff_passkey_add_options"),
    path("sign-in/security/", second.security, name="staff_security"),
    path("sign-out/", sign_in.leave, name="staff_sign_out"),
    path("<controller:controller>/desk/", desk.desk, name="staff_desk"),
    path("<controller:controller>/trail/", desk.trail, name="staff_audit"),
    path("<controller:controller>/colleagues/", desk.colleagues, name="staff_colleagues"),
    path("<controller:controller>/", people.search, name="staff_search"),
    path("<controller:controller>/person/<slug:token>/", people.person, name="staff_person"),
    path("<controller:controller>/enrol/", enrolment.form, name="staff_enrol"),
    path("<controller:controller>/person/<slug:token>/identity/", identity.show, name="staff_identity"),
    path("<controller:controller>/person/<slug:token>/cards/", instruments.show, name="staff_cards"),
    path("<controller:controller>/person/<slug:token>/request/", requests.register, name="staff_request_new"),
    path("<controller:controller>/promises/", proof.promises, name="staff_promises"),
    path("<controller:controller>/reports/", reports.reports, name="staff_reports"),
    path(
        "<controller:controller>/reports/<slug:chain>/chart/<slug:which>.svg", reports.chart, name="staff_report_chart"
    ),
    path("<controller:controller>/reports/<slug:chain>/<slug:form>/", reports.download, name="staff_report_file"),
    path("<controller:controller>/breaches/", breaches.register, name="staff_breaches"),
    path("<controller:controller>/breaches/<slug:reference>/", breaches.breach, name="staff_breach"),
    path("<controller:controller>/breaches/<slug:reference>/form/", breaches.authority_form, name="staff_breach_form"),
    path("<controller:controller>/complaints/", complaints.queue, name="staff_complaints"),
    path("<controller:controller>/complaints/<slug:number>/", complaints.case, name="staff_complaint"),
    path(
        "<controller:controller>/complaints/<slug:number>/files/<slug:document>/",
        complaints.file,
        name="staff_complaint_file",
    ),
    path("<controller:controller>/refunds/", refunds.queue, name="staff_refunds"),
    path("<controller:controller>/person/<slug:token>/enquiry/", enquiries.register, name="staff_enquiry_new"),
    path("<controller:controller>/enquiries/", enquiries.queue, name="staff_enquiries"),
    path("<controller:controller>/enquiries/new/", enquiries.register_stranger, name="staff_enquiry_stranger"),
    path("<controller:controller>/enquiries/<slug:number>/", enquiries.enquiry, name="staff_enquiry"),
    path(
        "<controller:controller>/enquiries/<slug:number>/file/<slug:document>/",
        enquiries.file,
        name="staff_enquiry_file",
    ),
    path("<controller:controller>/requests/", requests.queue, name="staff_requests"),
    path("<controller:controller>/requests/new/", requests.register_stranger, name="staff_request_stranger"),
    path("<controller:controller>/requests/<slug:number>/", requests.case, name="staff_request"),
    path("<controller:controller>/requests/<slug:number>/download/", requests.download, name="staff_request_download"),
]
