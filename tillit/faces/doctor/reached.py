"""How the site is reached and what it reaches: addresses, HTTPS, mail, services outside. Nobody is called."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.utils.module_loading import import_string

from tillit.faces.doctor.findings import Finding, ok, warning, wrong

_NOWHERE = ("localhost", "127.0.0.1", "localhost.localdomain")


def site() -> Iterator[Finding]:
    """The site's address is one that people reach, answered to, over HTTPS."""
    here = urlsplit(settings.SITE_URL)
    hosts = settings.ALLOWED_HOSTS
    if settings.DEBUG:
        yield wrong("debug", "TILLIT_DEBUG is on: tracebacks are shown; only on a machine of one's own")
    if "*" in hosts:
        yield wrong("hosts", "TILLIT_HOSTS takes any name: whoever asks decides what links in pages say")
    elif not _answers(here.hostname or "", hosts):
        yield wrong("hosts", f"TILLIT_SITE_URL names {here.hostname}, which is not in TILLIT_HOSTS")
    else:
        yield ok("hosts", ", ".join(hosts))
    if here.hostname in _NOWHERE:
        yield warning("site-url", "links in messages lead to this machine: TILLIT_SITE_URL")
    elif here.scheme != "https":
        yield wrong("site-url", "TILLIT_SITE_URL is not https://: what people type goes in clear")
    else:
        yield ok("site-url", settings.SITE_URL)
    if here.hostname not in _NOWHERE and not settings.TRUSTED_PROXIES:
        yield warning("proxy", "TILLIT_BEHIND_PROXY is 0: behind a proxy all visitors count as one")
    if any(contact.endswith("@localhost.localdomain") for contact in settings.SECURITY_CONTACTS):
        yield warning("security-contact", "nobody can report a weakness: TILLIT_SECURITY_CONTACTS")


def mail() -> Iterator[Finding]:
    """Mail leaves the machine, from an address that is somebody's."""
    if settings.EMAIL_BACKEND.endswith("mail_folder.EmailBackend"):
        yield warning("mail", "no mail server is named, mail is written to files: TILLIT_SMTP")
    elif settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost.localdomain"):
        yield wrong("mail", "mail has no sender: TILLIT_MAIL_FROM")
    elif not settings.BOUNCE_ADDRESS:
        yield warning("mail", "undelivered mail comes back to nobody: TILLIT_BOUNCES")
    else:
        yield ok("mail", f"by {settings.EMAIL_HOST}")


def services() -> Iterator[Finding]:
    """What settings name is there: files that can be read, a function that can be called."""
    if settings.GEOGRAPHY and not Path(settings.GEOGRAPHY).is_file():
        yield wrong("geography", f"TILLIT_GEOGRAPHY: there is no file {settings.GEOGRAPHY}")
    for one in settings.INSURER_CERTIFICATES.split():
        insurer, _, path = one.partition("=")
        try:
            until = x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc
        except (OSError, ValueError):
            yield wrong(f"certificate-{insurer}", f"{path} is no certificate that can be read")
        else:
            yield ok(f"certificate-{insurer}", f"valid until {until:%Y-%m-%d}")
    if settings.OWNERSHIP_CHECK:
        try:
            import_string(settings.OWNERSHIP_CHECK)
        except ImportError:
            yield wrong("ownership-check", "TILLIT_OWNERSHIP_CHECK names no function that can be imported")
    named = [name for name in ("SMS_GATEWAY", "ACQUIRER", "OWNERSHIP_SERVICE") if getattr(settings, name)]
    yield ok("services", f"{len(named)} gateways are named" if named else "no gateway outside is named")


def _answers(host: str, allowed: list[str]) -> bool:
    return any(host == one.strip("[]") or (one.startswith(".") and f".{host}".endswith(one)) for one in allowed)
