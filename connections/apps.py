from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ConnectionsConfig(AppConfig):
    name = "connections"
    verbose_name = _("Connections")

    def ready(self) -> None:
        from connections import checks  # noqa: F401 - the system checks register themselves
        from connections.web import sign_ins

        sign_ins.connect()
        post_migrate.connect(_after_migrate, sender=self)


def _after_migrate(using: str, **kwargs: Any) -> None:
    from connections.accounts.credentials import ensure_default_account
    from connections.audit import triggers
    from connections.audit.append import ensure_head
    from connections.db import search_index

    # A migration that rebuilds the table on SQLite takes its triggers away, without a word.
    triggers.install(using)
    search_index.install(using)
    ensure_head()
    ensure_default_account()
