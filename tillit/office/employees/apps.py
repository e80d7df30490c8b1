"""Django configuration: employees."""

from django.apps import AppConfig


class EmployeesConfig(AppConfig):
    """Employees."""

    name = "tillit.office.employees"
    label = "employees"
