"""The panel's own settings, for tests: everything they need comes from here and nothing from a developer's `.env`."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urljoin

from tests.support.memory import in_memory

os.environ.update(
    SECRET_KEY="tests-only-0123456789-0123456789-0123456789-0123456789",
    USE_HTTPS="off",
    DEBUG="off",
    ALLOWED_HOSTS="127.0.0.1,localhost",
    TRUSTED_PROXIES="",
    METRICS_ALLOW="",
    BIND="",
    COOKIE_PREFIX="",
    SCRIPT_NAME="",
    STATIC_FOLDER="",
    CSRF_TRUSTED_ORIGINS="",
    DATA_FOLDER="",
    OIDC_ISSUER="",
    OIDC_CLIENT_ID="",
    OIDC_CLIENT_SECRET="",
    OIDC_GROUPS_CLAIM="",
    OIDC_GROUP_MAP="",
    PUBLIC_URL="",
    TICKET_URL="",
    EMAIL_URL="",
    LOG_FORMAT="",
    WEBHOOK_ALLOW="",
)
for name in ("REMOTEIT_TOKEN", "R3_ACCESS_KEY_ID", "R3_SECRET_ACCESS_KEY", "AUDIT_SIGNING_KEY"):
    os.environ[name] = ""
os.environ.setdefault("CREDENTIALS_KEY", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
# A worker started by a test has these from its parent; the test process itself talks to nobody by default.
os.environ.setdefault("REMOTEIT_API_URL", "http://127.0.0.1:9/apv/v27")
os.environ.setdefault("REMOTEIT_DEVELOPER_KEY", "sandbox-developer-key")
os.environ.setdefault("REMOTEIT_USERNAME", "operator@example.com")
os.environ.setdefault("REMOTEIT_PASSWORD", "sandbox-password")
os.environ.setdefault("REMOTEIT_GRAPHQL_URL", urljoin(os.environ["REMOTEIT_API_URL"], "/graphql/v1"))
os.environ.setdefault("STOP_CONCURRENCY", "16")
os.environ.setdefault("STOP_MAX_PER_SECOND", "0")
os.environ.setdefault("STOP_MAX_ATTEMPTS", "4")
if "TEST_FOLDER" not in os.environ:
    os.environ["TEST_FOLDER"] = tempfile.mkdtemp(prefix="remoteit-admin-tests-", dir=in_memory())
    atexit.register(shutil.rmtree, os.environ["TEST_FOLDER"], ignore_errors=True)
# Of several test processes at once each has a folder and a queue of its own, for itself and for the processes that it
# starts; pytest-django gives it a database.
if number := os.environ.pop("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
    os.environ["TEST_FOLDER"] += f"/{number}"
    Path(os.environ["TEST_FOLDER"]).mkdir()
    for name in ("DATABASE_URL", "QUEUE_URL"):
        if os.environ.get(name, "").startswith("sqlite:"):
            del os.environ[name]
        elif os.environ.get(name, "").startswith("redis:"):
            os.environ[name] = f"{os.environ[name].rpartition('/')[0]}/{number}"
FOLDER = Path(os.environ["TEST_FOLDER"])
os.environ.setdefault("DATABASE_URL", f"sqlite:///{FOLDER}/db.sqlite3")
os.environ.setdefault("QUEUE_URL", f"sqlite:///{FOLDER}/queue.sqlite3")

from remoteit_admin.settings import *  # noqa: E402, F403
from remoteit_admin.settings import DATABASES, MIDDLEWARE, STORAGES  # noqa: E402

# In `:memory:`, a worker process could not see it. What a power cut would take is no loss here:
# `test_synchronous.py` looks at the panel's own settings.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    options = DATABASES["default"]["OPTIONS"]
    DATABASES["default"]["OPTIONS"] = {**options, "init_command": f"{options['init_command']};PRAGMA synchronous=OFF"}
    DATABASES["default"]["TEST"] = {"NAME": str(FOLDER / "test.sqlite3")}
REMOTEIT_PROXY = ""  # set but empty is refused, so that nothing before this line can say it
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WORKER_HEARTBEAT_SECONDS = 0.2
WORKER_LEASE_SECONDS = 1.5
STOP_CONNECT_TIMEOUT = 1.0
STOP_READ_TIMEOUT = 2.0
AUDIT_FOLDER = DATA_FOLDER = FOLDER
# The files of a test run are those of its runner, with whatever umask there is.
SILENCED_SYSTEM_CHECKS = ["connections.W002"]
