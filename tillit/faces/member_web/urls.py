"""Addresses of sign-in and Min side."""

from django.urls import path

from tillit.faces import site  # noqa: F401 (it registers `<controller:…>`)
from tillit.faces.member_web import sign_in, views

_OWN = "<controller:controller>/"
urlpatterns = [
    path(f"{_OWN}sign-in/", sign_in.ask, name="sign_in"),
    path(f"{_OWN}sign-in/code/", sign_in.confirm, name="sign_in_code"),
    path(f"{_OWN}sign-out/", sign_in.leave, name="sign_out"),
    path(f"{_OWN}min-side/", views.home, name="min_side"),
]
