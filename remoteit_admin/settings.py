"""Settings, all of them from the environment or `.env`. Each variable is in README's table, and a test says so."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from remoteit_admin import addresses, email_url, env_file, hosts, secret_files
from remoteit_admin.environment import Environment
from remoteit_admin.invalid_setting import InvalidSetting

BASE_DIR = Path(__file__).resolve().parent.parent

env_file.load(BASE_DIR / ".env")
env = Environment(secret_files.taken(os.environ))

# Where the panel keeps what it writes: database, queue, checkpoints, signing key, collected files.
DATA_FOLDER = env.folder("DATA_FOLDER", default=BASE_DIR)

# -- the panel itself
SECRET_KEY = env.secret_key("SECRET_KEY")
CREDENTIALS_KEY = env.fernet_keys("CREDENTIALS_KEY")
AUDIT_SIGNING_KEY = env.signing_keys("AUDIT_SIGNING_KEY")
BIND = env.address("BIND", port=env.whole("PORT", default=8000, minimum=1, maximum=65535))
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
this_machine_alone = all(hosts.is_loopback(host) for host in ALLOWED_HOSTS)
DEBUG = env.switch("DEBUG", default=False)
if DEBUG and not this_machine_alone:
    raise InvalidSetting(
        "DEBUG is on, which is for this machine alone, but ALLOWED_HOSTS names others: "
        "strangers would read the panel's insides on its error pages. Turn DEBUG off."
    )
USE_HTTPS = env.switch("USE_HTTPS", default=True)
COOKIE_PREFIX = env.cookie_prefix("COOKIE_PREFIX")
FORCE_SCRIPT_NAME = env.path("SCRIPT_NAME") or None
if not USE_HTTPS and not this_machine_alone:
    raise InvalidSetting(
        "USE_HTTPS is off, which is for this machine alone, but ALLOWED_HOSTS names others: "
        "sign-in cookies would cross the network readable. Turn USE_HTTPS on."
    )
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", words=("unix",))
METRICS_ALLOW = env.networks("METRICS_ALLOW")

# -- sign-in at an identity provider
OIDC_ISSUER = env.url("OIDC_ISSUER", default="").rstrip("/") if env.text("OIDC_ISSUER") else ""
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_GROUP_MAP = env.group_map("OIDC_GROUP_MAP")
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET and OIDC_GROUP_MAP):
    raise InvalidSetting(
        "OIDC_ISSUER is set, so OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_GROUP_MAP have to be: "
        "without them nobody could sign in there, or nobody would have a role."
    )

# Where people find the panel and their tickets: for links in messages and on pages.
PUBLIC_URL = addresses.own("PUBLIC_URL", env.text("PUBLIC_URL"))
TICKET_URL = addresses.ticket("TICKET_URL", env.text("TICKET_URL"))

# What is not public, and webhooks may be posted to all the same.
WEBHOOK_ALLOW = addresses.reachable("WEBHOOK_ALLOW", env.names("WEBHOOK_ALLOW"))

# -- e-mail: without a server nobody gets any
EMAIL_HOST = ""
EMAIL_HOST_PASSWORD = ""
vars().update(email_url.settings_of("EMAIL_URL", env.text("EMAIL_URL")))
EMAIL_TIMEOUT = 10

# -- remote.it
REMOTEIT_API_URL = env.url("REMOTEIT_API_URL", default="https://api.remote.it/apv/v27")
REMOTEIT_DEVELOPER_KEY = env.text("REMOTEIT_DEVELOPER_KEY")
REMOTEIT_USERNAME = env.text("REMOTEIT_USERNAME")
REMOTEIT_PASSWORD = env.text("REMOTEIT_PASSWORD")
REMOTEIT_TOKEN = env.text("REMOTEIT_TOKEN")
R3_ACCESS_KEY_ID = env.text("R3_ACCESS_KEY_ID")
R3_SECRET_ACCESS_KEY = env.text("R3_SECRET_ACCESS_KEY")
# remote.it is never on this machine.
SANDBOX = hosts.is_loopback(urlsplit(REMOTEIT_API_URL).hostname or "")
REMOTEIT_GRAPHQL_URL = env.url(
    "REMOTEIT_GRAPHQL_URL",
    # The sandbox's credentials must not go to remote.it.
    default=urljoin(REMOTEIT_API_URL, "/graphql/v1") if SANDBOX else "https://api.remote.it/graphql/v1",
)
# Only ours: one that the environment names for every program must not silently change where credentials go.
REMOTEIT_PROXY = env.proxy_url("REMOTEIT_PROXY")

# -- stops
STOP_CONCURRENCY = env.whole("STOP_CONCURRENCY", default=16, minimum=1, maximum=1000)
STOP_MAX_PER_SECOND = env.number("STOP_MAX_PER_SECOND", default=0, minimum=0.01, maximum=10_000, zero="no limit")
STOP_CONNECT_TIMEOUT = env.number("STOP_CONNECT_TIMEOUT", default=5, minimum=0.1, maximum=600)
STOP_READ_TIMEOUT = env.number("STOP_READ_TIMEOUT", default=20, minimum=0.1, maximum=600)
STOP_MAX_ATTEMPTS = env.whole("STOP_MAX_ATTEMPTS", default=4, minimum=1, maximum=100)
# A worker's claims are its own while its heartbeat is younger than the lease.
WORKER_HEARTBEAT_SECONDS = 2.0
WORKER_LEASE_SECONDS = 10.0

# -- Django
INSTALLED_APPS = [
    "django.contrib.admin",
    "connections",  # before auth: its `createsuperuser` and `changepassword` leave their lines in the history
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "huey.contrib.djhuey",
    "csp",
]
MIDDLEWARE = [
    "connections.web.request_id.request_id",
    "connections.web.probes.probes",  # first: it answers whatever the Host, over plain HTTP, without a session
    "connections.web.behind_proxies.behind_proxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # tokens of forms are masked anew for each page, so it tells nothing
    "csp.middleware.CSPMiddleware",
    "connections.web.middleware.browser_limits",
    "connections.api.answers.problems_alone",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "connections.web.bad_request.ReadableOnly",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "connections.web.session_end.session_end",
    "connections.web.door.factor_due.factor_due",
    "connections.web.middleware.preferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "connections.admin.door.fresh.FreshProof",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "connections.web.middleware.visible_names",
]
ROOT_URLCONF = "remoteit_admin.urls"
WSGI_APPLICATION = "remoteit_admin.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": ["remoteit_admin.templates.Cached"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "connections.web.context_processors.panel",
            ],
        },
    },
]

DATABASES = {"default": env.database_url("DATABASE_URL", default="sqlite:///db.sqlite3", folder=DATA_FOLDER)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A lost `stop.sent` line would be a lie, so every commit reaches the disk (FULL); WAL and immediate
    # transactions let the worker and the pages write beside each other without "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL",
    }
else:
    # Neither a database that went away without a word must hold a worker for ever, nor a worker that did the database:
    # whoever is frozen in a transaction holds the head of the history, which everybody waits for.
    server_side = {
        "idle_in_transaction_session_timeout": 20_000,
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
    }
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "tcp_user_timeout": 10_000,
        "options": " ".join(f"-c {name}={value}" for name, value in server_side.items()),
        **DATABASES["default"].get("OPTIONS", {}),
    }
    # A pooler in transaction mode knows no cursor that outlives its statement; what is long is read part by part.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
# Where signed checkpoints are written, and the key that is made when AUDIT_SIGNING_KEY is not set. Without DATA_FOLDER
# beside the database's file, where earlier versions left them.
AUDIT_FOLDER = DATA_FOLDER
if DATA_FOLDER == BASE_DIR and DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    AUDIT_FOLDER = DATABASES["default"]["NAME"].parent
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Wake-ups only: items in the database are the truth, so a job that is lost or comes twice does no harm.
HUEY = {
    "name": "remoteit-admin",
    "immediate": False,
    "results": False,
    **env.queue_url("QUEUE_URL", default="sqlite:///queue.sqlite3", folder=DATA_FOLDER),
    "consumer": {
        "workers": 1,
        "initial_delay": 0.02,
        "max_delay": 0.02,
        "graceful_signal": "TERM",
        "shutdown_timeout": 5,
        "check_worker_health": True,
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
TIME_ZONE = "UTC"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
WHITENOISE_STATIC_PREFIX = "/static/"
STATIC_ROOT = env.folder_to_read("STATIC_FOLDER", default=DATA_FOLDER / "staticfiles")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

FILE_UPLOAD_HANDLERS = [
    "connections.web.upload_limit.LimitedUploads",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# -- what the browser may do
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = USE_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if USE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = USE_HTTPS
SECURE_HSTS_PRELOAD = USE_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if USE_HTTPS and TRUSTED_PROXIES else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = USE_HTTPS
host_only = "__Host-" if USE_HTTPS else ""
SESSION_COOKIE_NAME = f"{host_only}{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{host_only}{COOKIE_PREFIX}csrftoken"
PASSWORD_RESET_TIMEOUT = 24 * 3600  # of the one-time links of people
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 3600
SESSION_ENGINE = "connections.web.sessions"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

LOG_FORMAT = env.text("LOG_FORMAT", "text")
if LOG_FORMAT not in ("text", "json"):
    raise InvalidSetting("LOG_FORMAT has to be text or json.")
DEFAULT_EXCEPTION_REPORTER_FILTER = "remoteit_admin.error_reports.HidesSecrets"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "remoteit_admin.quiet.Line"},
        "json": {"()": "remoteit_admin.json_lines.JsonLine"},
    },
    "filters": {
        "once": {"()": "remoteit_admin.quiet.OncePerMinute"},
        "no_secrets": {
            "()": "remoteit_admin.no_secrets.NoSecrets",
            "secrets": [
                *(SECRET_KEY, CREDENTIALS_KEY, AUDIT_SIGNING_KEY, REMOTEIT_DEVELOPER_KEY),
                *(REMOTEIT_PASSWORD, REMOTEIT_TOKEN, R3_SECRET_ACCESS_KEY, OIDC_CLIENT_SECRET),
                str(DATABASES["default"].get("PASSWORD")),
                *(SECRET_KEY, CREDENTIALS_KEY, AUDIT_SIGNING_KEY, REMOTEIT_DEVELOPER_KEY, EMAIL_HOST_PASSWORD),
                *(REMOTEIT_PASSWORD, REMOTEIT_TOKEN, R3_SECRET_ACCESS_KEY, str(DATABASES["default"].get("PASSWORD"))),
            ],
        },
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["once", "no_secrets"]}
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "huey": {"level": "WARNING"},
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
