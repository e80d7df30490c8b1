"""Django's settings. Importing them opens no connection and starts no server.

The database is reached as ``tillit_app`` unless ``TILLIT_DB_ROLE=owner`` (set by ``tillit migrate`` alone). Everything
an installation decides comes from the environment (README.md, *Settings*), through `platform.given`, which refuses what
cannot be.
"""

import base64
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tillit.platform import database, given, logs, paths, secrets

PACKAGE = Path(__file__).resolve().parent

DEBUG = given.flag("TILLIT_DEBUG")
HTTPS = not DEBUG and given.flag("TILLIT_HTTPS", default=True)
SECRET_KEY = base64.b64encode(secrets.secret("django", 64)).decode()
OWNERSHIP_CHECK = os.environ.get("TILLIT_OWNERSHIP_CHECK", "")
OWNERSHIP_SERVICE = given.service("TILLIT_OWNERSHIP_SERVICE")
ALLOWED_HOSTS = [
    host.strip() for host in os.environ.get("TILLIT_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host.strip()
]

TILLIT_DB_ROLE: database.Login = "owner" if os.environ.get("TILLIT_DB_ROLE") == "owner" else "app"
DATABASES = {"default": database.django_settings(TILLIT_DB_ROLE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The packages of tillit in the order of the layers, lowest first. One becomes an app when it has something to install.
LAYERS = (
    "platform",
    "kernel",
    "audit",
    "declaration",
    "parties",
    "ledger",
    "consent",
    "disclosure",
    "messages",
    "purchases",
    "membership",
    "visits",
    "registers",
    "cases",
    "bonus",
    "benefits",
    "services",
    "services.acting",
    "services.concierge",
    "services.objects",
    "power.prices",
    "power",
    "power.insight",
    "power.hub",
    "office",
    "office.reception",
    "office.recruitment",
    "office.employees",
    "office.contacts",
    "outreach",
    "outreach.audiences",
    "outreach.campaigns",
    "outreach.draws",
    "outreach.surveys",
    "outreach.competitions",
    "outreach.seminars",
    "outreach.tips",
    "privacy",
    "journeys",
    "faces",
    "faces.public_web",
    "faces.member_web",
    "faces.staff_web",
    "faces.supplier_web",
    "faces.api",
    "faces.jobs",
)
_INSTALLED_WITH = ("apps.py", "models.py", "models", "templates", "templatetags", "static", "locale")


def _has_something_to_install(layer: str) -> bool:
    folder = PACKAGE.joinpath(*layer.split("."))
    return any((folder / name).exists() for name in _INSTALLED_WITH)


INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    *(f"tillit.{layer}" for layer in LAYERS if _has_something_to_install(layer)),
]

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",  # pads every answer, so that lengths tell nothing (BREACH)
    "tillit.faces.middleware.SecurityHeaders",
    "tillit.faces.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tillit.faces.input.PlainInput",  # before the first thing that reads a cookie, a field or an address
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tillit.faces.middleware.OneDeclaration",
    "tillit.faces.errors.Refusals",
]

ROOT_URLCONF = "tillit.faces.urls"
WSGI_APPLICATION = "tillit.faces.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "tillit.faces.site.frame",
            ],
            "builtins": [
                "tillit.faces.templatetags.tillit_problems",
                "tillit.faces.templatetags.tillit_programme",
            ],
        },
    }
]

AUTH_USER_MODEL = "parties.Login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# The key that new links of the audit chains are made with; earlier ones stay, to verify (secrets audit, audit_2 …).
TILLIT_AUDIT_KEY_VERSION = given.number("TILLIT_AUDIT_KEY_VERSION", default=1, least=1)

LANGUAGE_CODE = "nb"
LANGUAGES = [("nb", "Bokmål"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Oslo"

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of its own
SESSION_ENGINE = "tillit.parties.sessions"
SESSION_COOKIE_NAME = "tillit_session"
SESSION_COOKIE_AGE = 12 * 60 * 60  # how long the server honours it; in the browser it goes when that closes
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "tillit_csrf"
CSRF_COOKIE_AGE = None
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "tillit.faces.errors.csrf_failure"
LANGUAGE_COOKIE_NAME = "tillit_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health$"]
# How many proxies of our own stand before the site. Each appends the address it was asked from to X-Forwarded-For; what
# stands further left was written by the visitor. Also whose X-Forwarded-Proto is believed.
TRUSTED_PROXIES = given.number("TILLIT_BEHIND_PROXY", default=0, what="the number of proxies before the site")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["tillit.faces.uploads.InMemory"]  # what people attach is never on a disk in clear

STATIC_URL = "static/"
STATIC_ROOT = None  # WhiteNoise serves what the finders find; nothing is collected
ASSETS = paths.root() / "var" / "assets"
STATICFILES_DIRS = [ASSETS] if ASSETS.is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tillit.faces.assets.VersionedStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0 if DEBUG else 365 * 24 * 3600  # addresses change with the content
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = paths.var() / "files"

LOGGING_CONFIG = None
logs.configure(level=given.one_of("TILLIT_LOG_LEVEL", "WARNING", "DEBUG", "INFO", "ERROR", "CRITICAL"))

# Mail goes to files in var/mail unless a server is named: TILLIT_SMTP=smtp(s)://user:password@host:port
EMAIL_FILE_PATH = paths.var() / "mail"
EMAIL_BACKEND = "tillit.messages.mail_folder.EmailBackend"
DEFAULT_FROM_EMAIL = os.environ.get("TILLIT_MAIL_FROM", "Tillit <no-reply@localhost.localdomain>")
if _smtp := given.address("TILLIT_SMTP", schemes=("smtp", "smtps"), like="smtp(s)://user:password@host:port"):
    _parts = urlsplit(_smtp)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _parts.hostname, _parts.port or (465 if _parts.scheme == "smtps" else 587)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_parts.username or ""), unquote(_parts.password or "")
    EMAIL_USE_SSL = _parts.scheme == "smtps"
    # A server on this machine needs no encryption on the way.
    EMAIL_USE_TLS = not EMAIL_USE_SSL and _parts.hostname not in {"127.0.0.1", "::1", "localhost"}
    EMAIL_TIMEOUT = 20

# Where mail servers send what they cannot deliver: a mailbox piped into `tillit messages bounce` (docs/messages.md).
BOUNCE_ADDRESS = os.environ.get("TILLIT_BOUNCES", "")
# Where people reach the site, for links in messages.
SITE_URL = given.address(
    "TILLIT_SITE_URL", schemes=("https", "http"), like="https://host", default="http://localhost:8000"
).rstrip("/")

# SMS goes nowhere unless a gateway is named: TILLIT_SMS=https://TOKEN@host/path (docs/messages.md)
SMS_GATEWAY = given.service("TILLIT_SMS")
SMS_NUMBER = os.environ.get("TILLIT_SMS_NUMBER", "")
# Where orders to block a card go, an address for each issuer: "key=https://TOKEN@host/path …".
ISSUERS = given.services("TILLIT_ISSUERS")
# Who charges cards: TILLIT_ACQUIRER=https://TOKEN@host/path; where claims go: TILLIT_INSURERS="key=https://… …".
ACQUIRER = given.service("TILLIT_ACQUIRER")
INSURERS = given.services("TILLIT_INSURERS")
# The certificates that files of claims are sealed for: TILLIT_INSURER_CERTIFICATES="insurer=/path/to.pem …".
INSURER_CERTIFICATES = given.files("TILLIT_INSURER_CERTIFICATES")
# Partners that are asked who is entitled, suppliers that are told whom they serve: "key=https://TOKEN@host/path …".
PARTNERS = given.services("TILLIT_PARTNERS")
SUPPLIERS = given.services("TILLIT_SUPPLIERS")
# Whether people without e-mail and SMS get letters, which staff fetch in batches: TILLIT_POST=1
POST_IN_BATCHES = given.flag("TILLIT_POST")

# Registers outside that facts are checked against: https://TOKEN@host/path (docs/registers.md)
REGISTERS = {
    "population_register": given.service("TILLIT_POPULATION_REGISTER"),
    "address_register": given.service("TILLIT_ADDRESS_REGISTER"),
    "reservation_register": given.service("TILLIT_RESERVATION_REGISTER"),
}

# Advertising networks: TILLIT_AUDIENCE_<PROCESSOR'S KEY>=https://TOKEN@host/path (docs/audiences.md)
AUDIENCES = given.by_prefix("TILLIT_AUDIENCE_")

# The power market's hub: TILLIT_MARKET_HUB_<CONTROLLER'S KEY>=https://TOKEN@host/path (docs/market-hub.md)
MARKET_HUBS = given.by_prefix("TILLIT_MARKET_HUB_")

# Visit statistics: a file of networks and countries, and `server` to count pages without a script (docs/visits.md)
GEOGRAPHY = os.environ.get("TILLIT_GEOGRAPHY", "")
VISITS = given.one_of("TILLIT_VISITS", "beacon", "server")
# Notices to browsers go nowhere unless somebody answers for them: TILLIT_WEB_PUSH=mailto:drift@example.org
WEB_PUSH_CONTACT = given.address("TILLIT_WEB_PUSH", schemes=("mailto", "https"), like="mailto:drift@example.org")
# The push services of the browsers people use; nothing else is called.
PUSH_HOSTS = os.environ.get(
    "TILLIT_PUSH_HOSTS",
    "fcm.googleapis.com,updates.push.services.mozilla.com,*.notify.windows.com,web.push.apple.com",
).split(",")

# Where to report a weakness: mailto:, https: or tel:, separated by commas (RFC 9116)
SECURITY_CONTACTS = given.addresses(
    "TILLIT_SECURITY_CONTACTS",
    schemes=("mailto", "https", "tel"),
    like="mailto:, https: or tel: addresses",
    default="mailto:security@localhost.localdomain",
)
