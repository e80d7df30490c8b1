"""Addresses of sign-in and Min side."""

from django.urls import path

from tillit.faces import site  # noqa: F401 (it registers `<controller:…>`)
from tillit.faces.member_web import (
    app,
    cards,
    choices,
    complaints,
    data,
    joining,
    profile,
    requests,
    sign_in,
    sign_ins,
    terms,
    told,
    views,
    vouchers,
)

_OWN = "<controller:controller>/"
_MIN = f"{_OWN}min-side/"
urlpatterns = [
    path(f"{_OWN}sign-in/", sign_in.ask, name="sign_in"),
    path(f"{_OWN}sign-in/code/", sign_in.confirm, name="sign_in_code"),
    path(f"{_OWN}sign-in/passkey/", sign_in.passkey, name="passkey"),
    path(f"{_OWN}sign-in/passkey/options/", sign_in.passkey_options, name="passkey_options"),
    path(f"{_OWN}sign-out/", sign_in.leave, name="sign_out"),
    path(f"{_OWN}join/", joining.form, name="join"),
    path(f"{_OWN}join/<str:token>/", joining.link, name="join_link"),
    path(f"{_MIN}complaints/", complaints.show, name="complaints"),
    path(f"{_MIN}complaints/new/", complaints.new, name="complaint_new"),
    path(f"{_MIN}complaints/<slug:number>/", complaints.case, name="complaint"),
    path(f"{_MIN}complaints/<slug:number>/files/<slug:document>/", complaints.file, name="complaint_file"),
    path(f"{_MIN}app/", app.show, name="app"),
    path(f"{_MIN}cards/", cards.show, name="cards"),
    path(_MIN, views.home, name="min_side"),
    path(f"{_MIN}vouchers/", vouchers.show, name="vouchers"),
    path(f"{_MIN}vouchers/<uuid:voucher>/", vouchers.one, name="voucher"),
    path(f"{_MIN}bonus/<slug:chain>/", vouchers.history, name="bonus_history"),
    path(f"{_MIN}receipts/", views.receipts, name="receipts"),
    path(f"{_MIN}your-data/", data.show, name="your_data"),
    path(f"{_MIN}your-data/who-looked/", data.who_looked, name="who_looked"),
    path(f"{_MIN}your-data/received/", told.received, name="received"),
    path(f"{_MIN}messages/", told.messages, name="messages"),
    path(f"{_MIN}your-data/download/", data.download, name="your_data_download"),
    path(f"{_MIN}requests/", requests.show, name="requests"),
    path(f"{_MIN}requests/new/<slug:right>/", requests.new, name="request_new"),
    path(f"{_MIN}requests/<slug:number>/", requests.case, name="request"),
    path(f"{_MIN}requests/<slug:number>/download/", requests.download, name="request_download"),
    path(f"{_MIN}requests/<slug:number>/take-back/", requests.take_back, name="request_take_back"),
    path(f"{_MIN}choices/", choices.show, name="choices"),
    path(f"{_MIN}profile/", profile.show, name="profile"),
    path(f"{_MIN}profile/name/", profile.name, name="profile_name"),
    path(f"{_MIN}profile/phone/", profile.phone, name="profile_phone"),
    path(f"{_MIN}profile/email/", profile.email, name="profile_email"),
    path(f"{_MIN}sign-ins/", sign_ins.show, name="sign_ins"),
    path(f"{_MIN}sign-ins/passkey/", sign_ins.passkey, name="passkey_add"),
    path(f"{_MIN}sign-ins/passkey/options/", sign_ins.passkey_options, name="passkey_add_options"),
    path(f"{_MIN}leave/", profile.leave, name="leave"),
    path(f"{_MIN}terms/", terms.show, name="terms"),
]
