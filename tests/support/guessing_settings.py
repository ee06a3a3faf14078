"""The tests' settings with passwords as costly as they are in truth, behind a proxy that tells addresses."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

# The second reads what tests.settings has written; whoever signs in gets the first.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.MD5PasswordHasher",
]
TRUSTED_PROXIES = ["127.0.0.0/8"]
