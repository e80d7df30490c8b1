"""The form of a thing that is written in every language of the pages and has moments by the clock on the wall."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from tillit.faces.texts import languages, say
from tillit.kernel.clock import DEFAULT_ZONE

LONGEST = 4000
_ZONE = ZoneInfo(DEFAULT_ZONE)


@dataclass(frozen=True, kw_only=True)
class Written:
    """names: its plain fields. times: its moments. parts: of its texts, each in every language (`title_nb`)."""

    names: tuple[str, ...]
    times: tuple[str, ...]
    parts: tuple[str, ...]

    def texts(self, request: HttpRequest) -> dict[str, dict[str, str]]:
        """What was written, by language and part."""
        said = request.POST
        return {
            code: {part: said.get(f"{part}_{code}", "").strip()[:LONGEST] for part in self.parts}
            for code in languages()
        }

    def shown(self, request: HttpRequest | None, found: Any) -> dict[str, Any]:
        """What the form holds: what was typed, without a request what stands."""
        if request is not None:
            typed = {name: request.POST.get(name, "")[:500] for name in (*self.names, *self.times)}
            texts = self.texts(request)
        else:
            typed = {name: getattr(found, name) for name in self.names}
            typed |= {name: _local(getattr(found, name)) for name in self.times}
            texts = found.texts
        spoken = [(code, say(code, "language.name"), texts.get(code, {})) for code in languages()]
        return {"typed": typed, "spoken": spoken}


def moment(request: HttpRequest, name: str) -> datetime | None:
    """The moment typed in the field, None where it is empty. Raises `ValueError` for what is none."""
    said = request.POST.get(name, "").strip()
    return datetime.fromisoformat(said).replace(tzinfo=_ZONE) if said else None


def _local(at: datetime | None) -> str:
    return f"{at.astimezone(_ZONE):%Y-%m-%dT%H:%M}" if at is not None else ""
