"""A notice as a page shows it: its sentence, its sign, where it leads, and whether it is open or over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connections.models.telling.bell import STAYS_OPEN, Kind
from connections.words.telling.notices import ICONS, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connections.models import Notice


@dataclass(frozen=True)
class Row:
    """`tone`: trouble while it is open, else "". `over_at`: when its cause went, None where it had none or has it."""

    notice: Notice
    words: str
    why: str
    icon: str
    action: str | Promise
    over_at: datetime | None

    @property
    def tone(self) -> str:
        return "trouble" if self.notice.is_open else ""


def rows(notices: Iterable[Notice]) -> list[Row]:
    return [_row(notice) for notice in notices]


def target(notice: Notice) -> str:
    """The address of the page that it is about."""
    facts = notice.facts
    if facts.get("change"):
        return reverse("admin:connections_approval_change_page", args=[facts["change"]])
    if notice.kind == Kind.APPROVAL:
        return reverse("admin:connections_approval_page", args=[facts["approval"]])
    if facts.get("webhook_id"):
        return reverse("webhook", args=[facts["webhook_id"]])
    if facts.get("hold"):
        return reverse("admin:connections_hold_change", args=[facts["hold"]])
    if notice.run_id:
        return reverse("admin:connections_stoprun_change", args=[notice.run_id])
    if notice.account_id:
        return reverse("admin:connections_connection_changelist") + f"?account={notice.account_id}"
    return reverse("admin:connections_auditevent_changelist" if notice.kind == Kind.HISTORY else "admin:index")


def _row(notice: Notice) -> Row:
    over_at = notice.alarm.cleared_at if notice.alarm is not None and notice.kind in STAYS_OPEN else None
    words = sentence(notice.kind, notice.facts)
    return Row(notice, words, str(notice.facts.get("why", "")), ICONS[notice.kind], _action(notice), over_at)


def _action(notice: Notice) -> str | Promise:
    if notice.facts.get("change"):
        return _("Look at the change")
    if notice.kind == Kind.APPROVAL:
        return _("Look at the request")
    if notice.facts.get("webhook_id"):
        return _("Look at the webhook")
    if notice.facts.get("hold"):
        return _("Look at the hold")
    if notice.run_id:
        return _("Look at the run")
    if notice.account_id:
        return _("Look at its connections")
    return _("Look at the history") if notice.kind == Kind.HISTORY else _("Look at the overview")
