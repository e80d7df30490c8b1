"""The forms of the console that store identifying data, and which declared form each is (A2)."""

from tillit.declaration.forms import served_form

served_form("staff_enrol", "join_reception")
served_form("staff_reception", "reception")
served_form("staff_payments_person", "one_off_purchase")
served_form("staff_supply", "metering_point")
served_form("staff_contact_new", "supplier_registration")
