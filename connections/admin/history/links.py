"""From a line of the history to what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from connections.templatetags.panel import name

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from connections.models import Connection


def to_connection(connection: Connection) -> SafeString:
    return _link(reverse("admin:connections_connection_change", args=[connection.pk]), name(connection))


def to_run(pk: int, words: str) -> SafeString:
    return _link(reverse("admin:connections_stoprun_change", args=[pk]), words)


def to_history(words: str, **query: Any) -> SafeString:
    return _link(history_address(**query), words)


def history_address(**query: Any) -> str:
    return f"{reverse('admin:connections_auditevent_changelist')}?{urlencode(query)}"


def _link(address: str, words: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, words)
