"""The gateway's addresses."""

from django.urls import path

from tillit.faces import site  # noqa: F401 (it registers `<controller:…>`)
from tillit.faces.gateway import sms

urlpatterns = [
    path("reports/", sms.report, name="sms_report"),
    path("<controller:controller>/in/", sms.come_in, name="sms_in"),
]
