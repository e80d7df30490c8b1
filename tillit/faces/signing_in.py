"""What member and staff sign-in share: the code asked for, kept in the browser's own session, and the session begun."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login as begin
from django.contrib.auth import logout as end
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.sign_in import Mail
from tillit.kernel import clock
from tillit.parties.models import Login, Session
from tillit.parties.sessions import METHOD

REMEMBER = "tillit_remember"  # the cookie of a browser that stays signed in (G6)
BACKEND = "django.contrib.auth.backends.ModelBackend"
_CODE, _SINCE, _DEVICE, _SHOWN, _PENDING, _APP = "code", "since", "device", "shown", "pending", "app"
FRESH = timedelta(minutes=15)
_BROWSERS = ("Edg", "Firefox", "Chrome", "Safari")
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")


def network_address(request: HttpRequest) -> str:
    """The address the request came from; truncated and digested before anything is counted by it.

    Behind `TILLIT_BEHIND_PROXY` proxies of our own it is the address that the outermost of them was asked from: so many
    places from the right of X-Forwarded-For. What stands left of it is whatever the visitor wrote.
    """
    nearest, hops = str(request.META.get("REMOTE_ADDR", "")), settings.TRUSTED_PROXIES
    stated = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if not hops or len(stated) < hops:
        return nearest
    return _address(stated[-hops]) or nearest


def _address(text: str) -> str:
    """An IP address without the port that some proxies add; '' when it is none."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ip_address(bare))
    except ValueError:
        return ""


def mail(name: str, sender: str) -> Mail:
    """The wording of the code's mail in the reader's language."""
    spoken = language()
    sms = say(spoken, "sign_in.sms_text", name=name)
    return Mail(
        say(spoken, "sign_in.mail_subject", name=name), say(spoken, "sign_in.mail_text", name=name), sender, sms
    )


def remember_code(request: HttpRequest, kind: str, code_id: UUID) -> None:
    """Bind the code to this browser, in a session of its own."""
    request.session.cycle_key()
    request.session[_CODE] = [kind, str(code_id)]


def code_of(request: HttpRequest, kind: str) -> UUID | None:
    """The code this browser asked for at `kind` of sign-in."""
    known = request.session.get(_CODE)
    return UUID(known[1]) if known and known[0] == kind else None


def begin_session(request: HttpRequest, login: Login, method: str) -> None:
    """Sign the browser in under a new session key, with nothing of what was in the session before but that it is the
    installed app.
    """
    in_app = request.session.get(_APP)
    end(request)
    begin(request, login, backend=BACKEND)
    if in_app:
        request.session[_APP] = True
    request.session[_SINCE] = clock.now().isoformat()
    request.session[_DEVICE] = device(request)
    request.session[METHOD] = method
    if method != "remembered_device":
        shown_factor(request)


def note_app(request: HttpRequest) -> None:
    """Note that the browser is the installed app, where it says so: it begins at an address of its own."""
    if request.GET.get("app") == "1" and not request.session.get(_APP):
        request.session[_APP] = True


def channel(request: HttpRequest) -> str:
    """Where what is answered is shown: `app`, or `web`."""
    return "app" if request.session.get(_APP) else "web"


def shown_factor(request: HttpRequest) -> None:
    """Note that who sits here has just shown who they are."""
    request.session[_SHOWN] = clock.now().isoformat()


def is_fresh(request: HttpRequest) -> bool:
    """Whether that was within the last quarter of an hour: what a sensitive act asks for."""
    return _recently(request.session.get(_SHOWN, ""))


def wait_for_factor(request: HttpRequest, login_id: int) -> None:
    """The code by e-mail was right; the second factor is yet to come, in this browser and soon."""
    in_app = request.session.get(_APP)
    request.session.flush()
    if in_app:
        request.session[_APP] = True
    request.session[_PENDING] = [login_id, clock.now().isoformat()]


def waiting_for_factor(request: HttpRequest) -> int | None:
    """The login that has shown the code by e-mail here and owes a second factor."""
    login_id, since = request.session.get(_PENDING, (0, ""))
    return int(login_id) if _recently(since) else None


def _recently(moment: str) -> bool:
    return bool(moment) and clock.now() - datetime.fromisoformat(moment) < FRESH


def device(request: HttpRequest) -> str:
    """A rough name of the device, `Chrome, Android`: enough to recognise one's own, never the whole user agent."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for name in _BROWSERS if name in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return ", ".join(part for part in (browser.replace("Edg", "Edge"), system) if part)


def signed_in_since(request: HttpRequest) -> datetime | None:
    """When this session began."""
    since = request.session.get(_SINCE)
    return datetime.fromisoformat(since) if since else None


@dataclass(frozen=True)
class OpenSession:
    """A signed-in browser: a handle that is no session key, when it signed in, on what, and whether it is this one."""

    handle: str
    since: datetime | None
    ends: datetime
    device: str
    here: bool


def sessions_of(request: HttpRequest, login_id: int) -> list[OpenSession]:
    """The login's sessions, newest first."""
    found = []
    for row in Session.objects.filter(login_id=login_id, expire_date__gt=clock.now()):
        data = row.get_decoded()
        since = datetime.fromisoformat(data[_SINCE]) if _SINCE in data else None
        here = row.session_key == request.session.session_key
        found.append(OpenSession(_handle(row.session_key), since, row.expire_date, data.get(_DEVICE, ""), here))
    return sorted(found, key=lambda session: str(session.since), reverse=True)


def end_sessions(request: HttpRequest, login_id: int, handle: str) -> int:
    """End the login's session of that handle, or with `others` all but this one; how many ended."""
    own = Session.objects.filter(login_id=login_id).exclude(session_key=request.session.session_key)
    keys = [row.session_key for row in own if handle in {"others", _handle(row.session_key)}]
    return Session.objects.filter(session_key__in=keys).delete()[0]


def _handle(session_key: str) -> str:
    return salted_hmac("tillit.session-handle", session_key).hexdigest()[:24]
