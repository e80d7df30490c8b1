"""Addresses of the public pages. The first part of an address is the controller's key."""

from django.urls import path

from tillit.faces import site  # noqa: F401 (it registers `<controller:…>`)
from tillit.faces.public_web import (
    app,
    competitions,
    cookies,
    draws,
    measuring,
    newsletter,
    programme,
    seminars,
    statements,
    surveys,
    tips,
    unsubscribe,
    views,
    visits,
)

_STATEMENT = "<controller:controller>/statement/"
urlpatterns = [
    path("", views.front, name="front"),
    path("language/", views.choose_language, name="language"),
    path("look/<slug:accent>.css", views.look_sheet, name="look"),
    path("look/<slug:accent>/icon-<int:size>.png", app.icon, name="icon"),
    path("<controller:controller>/app/manifest.webmanifest", app.manifest, name="manifest"),
    path("<controller:controller>/app/worker.js", app.worker, name="app_worker"),
    path("<controller:controller>/app/offline/", app.offline, name="app_offline"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("m/<str:token>/", measuring.follow, name="measure"),
    path("n/<str:token>/", newsletter.confirm, name="newsletter_confirm"),
    path("u/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("<controller:controller>/", views.home, name="home"),
    path("<controller:controller>/accessibility/", views.accessibility, name="accessibility"),
    path(_STATEMENT, statements.show, name="statement"),
    path(f"{_STATEMENT}versions/<int:number>/", statements.show, name="statement_version"),
    path(f"{_STATEMENT}versions/<int:number>/<str:form>/", statements.download, name="statement_download"),
    path(f"{_STATEMENT}changes/<int:before>/<int:after>/", statements.changes, name="statement_changes"),
    path("<controller:controller>/newsletter/", newsletter.ask, name="newsletter"),
    path("<controller:controller>/newsletter/asked/", newsletter.asked, name="newsletter_asked"),
    path("<controller:controller>/surveys/<int:number>/<slug:token>/", surveys.survey, name="survey"),
    path("<controller:controller>/seminars/", seminars.listed, name="seminars"),
    path("<controller:controller>/seminars/<int:number>/", seminars.one, name="seminar"),
    path("<controller:controller>/seminars/<int:number>/calendar.ics", seminars.calendar, name="seminar_calendar"),
    path("<controller:controller>/seminars/mine/<str:token>/", seminars.mine, name="seminar_mine"),
    path("<controller:controller>/seminars/mine/<str:token>/<str:which>", seminars.file, name="seminar_file"),
    path("<controller:controller>/competitions/", competitions.listed, name="competitions"),
    path("<controller:controller>/competitions/<int:number>/", competitions.one, name="competition"),
    path("<controller:controller>/tip/", tips.tip, name="tip"),
    path("<controller:controller>/draws/", draws.draws, name="draws"),
    path("<controller:controller>/draws/<int:number>/tickets.txt", draws.tickets, name="draw_tickets"),
    path("<controller:controller>/programme/", programme.programme, name="programme_terms"),
    path("<controller:controller>/cookies/", cookies.policy, name="cookies"),
    path("<controller:controller>/visits/", visits.choose, name="visits_choice"),
    path("<controller:controller>/cookies/choice/", cookies.choose, name="cookie_choice"),
]
