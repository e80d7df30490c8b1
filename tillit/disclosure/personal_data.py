"""What the disclosure layer answers for."""

from tillit.declaration.registry import personal
from tillit.disclosure.models import Disclosure, Notice

personal(Disclosure, category="disclosure_record", clocks={"disclosed": "disclosed_at"})
personal(Notice, category="disclosure_record", clocks={"disclosed": "told_at"})
