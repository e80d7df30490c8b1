"""Addresses of the staff console."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
