"""Every address of the site. Each face adds one line."""

from django.urls import URLPattern, URLResolver, path

from tillit.faces.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health, name="health"),
]
