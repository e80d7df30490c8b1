"""Addresses of the suppliers' pages. The card check is short: it stands in every code."""

from django.urls import path

from tillit.faces.supplier_web import views

urlpatterns = [
    path("card/", views.card_check, name="card_check"),
    path("supplier/", views.sign_in, name="supplier_sign_in"),
    path("supplier/sign-out/", views.sign_out, name="supplier_sign_out"),
    path("supplier/orders/", views.order_list, name="supplier_orders"),
]
