"""The notice of changed people, groups and rights on the overview, for superusers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connections.admin.history.links import to_history
from connections.people import notices
from connections.templatetags.panel import name
from connections.web.origin import user_of
from connections.words.actions import notes_for, sentence_for

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import AuditEvent

MOST = 5


@dataclass(frozen=True)
class Change:
    """One line: who did what, with the way to it."""

    seq: int
    at: datetime
    headline: SafeString
    details: list[str]


@dataclass(frozen=True)
class Changes:
    """The newest that were not seen, and how many `more` there are."""

    newest: list[Change]
    more: int

    @property
    def last(self) -> int:
        """The last line that is told of."""
        return self.newest[0].seq


def changes_for(user: User) -> Changes | None:
    """What `user` is to look at; None for who is no superuser, and when there is nothing."""
    lines = notices.unseen(user) if user.is_superuser else None
    if lines is None or not (newest := list(lines[:MOST])):
        return None
    return Changes([_change(event) for event in newest], lines.count() - len(newest))


@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """A superuser has seen what was shown, up to the line `seq`."""
    user = user_of(request)
    if not user.is_superuser:
        raise PermissionDenied(_("Only superusers are told of this. Nothing was changed."))
    seq = request.POST.get("seq", "")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 19):
        raise BadRequest(_("This is no line of the history."))
    notices.see(user, int(seq))
    return HttpResponseRedirect(reverse("admin:index"))


def _change(event: AuditEvent) -> Change:
    facts = json.loads(event.body)
    actor = facts.get("actor")
    who = format_html("<b>{}</b>", name(actor)) if actor else _("A command")
    did = to_history(sentence_for(event.action, facts), line=event.seq)
    headline = format_html(_("{who} {did}"), who=who, did=did)
    return Change(event.seq, event.at, headline, notes_for(event.action, facts))
