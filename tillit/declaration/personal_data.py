"""The declaration layer holds no personal data."""

from tillit.declaration.models import Controller, DeclarationVersion, Grant, Register
from tillit.declaration.registry import not_personal

not_personal(Register, because="groups controllers")
not_personal(Controller, because="organisations, not persons")
not_personal(DeclarationVersion, because="published text")
not_personal(Grant, because="compiled rules")
