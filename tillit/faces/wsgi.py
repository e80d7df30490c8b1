"""The site as a WSGI application, for granian or any other server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillit.settings")
_site = get_wsgi_application()

from tillit.faces.beacon import Counting  # noqa: E402 (Django is set up first)

application = Counting(_site)
