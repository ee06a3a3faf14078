"""The one error of settings."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured


class InvalidSetting(ImproperlyConfigured):
    """A setting can't be used. The message is one line, fit for a terminal, and holds no secret."""
