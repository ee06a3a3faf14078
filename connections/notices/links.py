"""Where in the panel it is what a message tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from connections.models import Delivery


def link_of(delivery: Delivery) -> str:
    """The address with host, for a message; "" where the panel does not know its own."""
    return link_to(delivery.payload.get("facts", {}))


def link_to(facts: dict[str, Any]) -> str:
    """As `link_of`, of the facts of a notice."""
    return f"{settings.PUBLIC_URL}{_path(facts)}" if settings.PUBLIC_URL else ""


def _path(facts: dict[str, Any]) -> str:
    if facts.get("approval"):
        return reverse("admin:connections_approval_page", args=[facts["approval"]])
    if facts.get("change"):
        return reverse("admin:connections_approval_change_page", args=[facts["change"]])
    if facts.get("hold"):
        return reverse("admin:connections_hold_change", args=[facts["hold"]])
    if facts.get("run"):
        return reverse("admin:connections_stoprun_change", args=[facts["run"]])
    return reverse("notices")
