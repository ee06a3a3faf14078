"""One line of the history, as a page shows it: who did what, to what it belongs, from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.admin.history.links import history_address, to_connection, to_history
from connections.admin.history.stories import counted
from connections.models.rights import may
from connections.templatetags.panel import name
from connections.templatetags.runs import ticket_at
from connections.words.actions import ACTIONS
from connections.words.history.action import Doer

if TYPE_CHECKING:
    from connections.admin.history.stories import RunStory
    from connections.audit.search import Filters
    from connections.models import AuditEvent
    from connections.models.sight.items import Part
    from connections.words.outcomes import Said


@dataclass(frozen=True)
class Line:
    """One event, ready to be shown. `facts` is its body; `filters` those of its page, `run` the link to its run.

    `part`: how much of that run the viewer sees, where it is not all; the body tells of all of it, and is not shown.
    """

    event: AuditEvent
    facts: dict[str, Any]
    filters: Filters
    sentence: str
    icon: str
    story: RunStory | None
    said: Said | None
    notes: list[str]
    run: SafeString | str
    part: Part | None = None

    @property
    def headline(self) -> SafeString:
        """Who did what; without the person where they are the page's subject, or where nobody did it themselves."""
        if self.is_of_person and not self.filters.actor:
            return format_html(_("{who} {did}"), who=self._who, did=self._did)
        return SafeString(capfirst(self._did))

    @property
    def context(self) -> list[SafeString | str]:
        """Which attempt it was, and to what it belongs, as far as the page's title does not say it."""
        event, facts, filters = self.event, self.facts, self.filters
        parts = [
            _("attempt %s") % facts["attempt"] if facts.get("attempt") else "",
            to_connection(event.connection) if event.connection and not filters.connection else "",
            name(event.account) if event.account and not event.connection and not filters.connection else "",
            self.run if not filters.run else "",
            to_history(_("ticket %s") % facts["ticket"], ticket=facts["ticket"]) if facts.get("ticket") else "",
            ticket_at(facts.get("ticket", "")),
        ]
        return [part for part in parts if part]

    @property
    def _did(self) -> SafeString:
        if not self.is_known:
            return format_html("<code>{}</code>", self.event.action)
        count = int(self.facts.get("count", 0))
        if self.story:
            return self.story.asked(count)
        if self.event.action == "stop.requested":
            asked = ngettext("asked to stop %s connection", "asked to stop %s connections", count)
            return conditional_escape(counted(asked, count))
        return conditional_escape(self.sentence)

    @property
    def _who(self) -> SafeString:
        viewer, who = self.filters.viewer, name(self.actor_name)
        if self.event.actor_id == viewer.pk or may(viewer, "view_all_history"):
            who = to_history(who, actor=self.event.actor_id)
        return format_html("<b>{}</b>", who)

    @property
    def is_of_person(self) -> bool:
        """Whether the person did it themselves; a worker's lines only name on whose behalf."""
        if self.event.actor is None or self.facts.get("origin") == "worker":
            return False
        return not self.is_known or ACTIONS[self.event.action].doer is Doer.PERSON

    @property
    def is_only_claimed(self) -> bool:
        """Whether it is told of a person who may have had no part in it: somebody tried their name."""
        return self.is_known and ACTIONS[self.event.action].doer is Doer.CLAIMED

    @property
    def actor_name(self) -> str:
        """The person's name at that time."""
        return str(self.facts.get("actor", ""))

    @property
    def is_known(self) -> bool:
        """Whether there are words for this action."""
        return self.event.action in ACTIONS

    @property
    def tone(self) -> str:
        """The state whose colour the line's icon has."""
        if self.event.action == "stop.sent":
            return "busy"
        return str(self.facts.get("verdict") or self.facts.get("outcome") or "done")

    @property
    def took_s(self) -> float | None:
        took_ms = self.facts.get("took_ms")
        return took_ms / 1000 if isinstance(took_ms, int) else None

    @property
    def final_outcome(self) -> str:
        """What its connection came to, where the answer itself says something else."""
        final = str(self.facts.get("item_outcome", ""))
        return final if final != self.facts.get("outcome") else ""

    @property
    def where(self) -> SafeString:
        """From where it was asked for, and for whom the panel did it."""
        parts = (self.facts.get(key) for key in ("origin", "token", "client_ip", "system_user"))
        place = " · ".join(str(part) for part in parts if part)
        if self.event.actor is None or self.is_of_person or self.is_only_claimed or self.filters.actor:
            return conditional_escape(place)
        return format_html(_("{place}, for {name}"), place=place, name=name(self.actor_name))

    @property
    def about_person(self) -> SafeString | str:
        """The link to the history of the person whose rights were changed, for who may see it; else ""."""
        person = self.facts.get("user_id")
        if not person or not may(self.filters.viewer, "view_all_history"):
            return ""
        return to_history(format_html(_("History of {name}"), name=name(self.facts.get("user"))), actor=person)

    @property
    def among_others(self) -> str:
        """Its place in the history of the page's connection; "" for a line that stands in no such history."""
        seq, connection = self.event.seq, self.filters.connection
        if connection is None or not (self.event.run_id or self.event.connection_id):
            return ""
        return f"{history_address(connection=connection.pk, before=seq + 1)}#line-{seq}"

    @property
    def user_agent(self) -> str:
        return str(self.facts.get("user_agent", ""))
