"""Style sheets and scripts under addresses that change with their content, so that browsers keep them for a year."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class VersionedStorage(StaticFilesStorage):
    """`static/tillit/tillit.css?v=…`: the first of its digest. The file itself stays where it is."""

    def url(self, name: str | None) -> str:
        """The address with its version; without one where there is no such file."""
        version = _version(name or "")
        return super().url(name) + (f"?v={version}" if version else "")


@lru_cache(maxsize=1024)
def _version(name: str) -> str:
    found = finders.find(name)
    return sha256(Path(found).read_bytes()).hexdigest()[:12] if isinstance(found, str) else ""
