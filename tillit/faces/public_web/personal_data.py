"""The public forms that store identifying data, and which declared form each is (A2)."""

from tillit.declaration.forms import served_form

served_form("newsletter", "newsletter_signup", "newsletter")
served_form("contact", "enquiry", "contact_us")
served_form("become_customer", "customer_registration", "become_customer")
served_form("order_service", "order")
served_form("survey", "survey", activity="surveys", collects=("survey_answer",))
served_form("job_application", "job_application")
served_form("reception_screen", "reception")
served_form("seminar", "seminar_signup")
served_form("competition", "competition")
