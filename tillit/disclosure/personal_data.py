"""What the disclosure layer answers for."""

from tillit.declaration.registry import not_personal, personal
from tillit.disclosure.models import Disclosure, Notice, Release, ReleaseCell

personal(Disclosure, category="disclosure_record", clocks={"disclosed": "disclosed_at"}, journaled={})
personal(Notice, category="disclosure_record", clocks={"disclosed": "told_at"})
not_personal(Release, because="what was released: sums of at least the minimum group", only_added=True)
not_personal(ReleaseCell, because="sums of at least the minimum group, none of whom is most of it", only_added=True)
