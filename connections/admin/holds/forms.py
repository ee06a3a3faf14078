"""What a person fills in about a hold."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.holds.begin import Wish
from connections.models import Connection
from connections.models.holding.holds import PERMISSIONS, Level
from connections.models.rights import may

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connections.models import StopRun

ONCE, KEEP = "once", "keep"
MOST_ASKED = 500
"""For so many services it is counted who else is there now."""
QUIETS = (
    (5, gettext_lazy("5 min")),
    (10, gettext_lazy("10 min")),
    (30, gettext_lazy("30 min")),
    (60, gettext_lazy("1 h")),
)
DEADLINES = (
    (30, gettext_lazy("30 min")),
    (60, gettext_lazy("1 h")),
    (240, gettext_lazy("4 h")),
    (720, gettext_lazy("12 h")),
    (1440, gettext_lazy("24 h")),
)
DOES = {
    Level.WATCH: gettext_lazy("After this stop it tells you what comes back. It stops nothing more."),
    Level.RECUT: gettext_lazy("Stops what comes back, seconds after a list shows it."),
    Level.LINKS: gettext_lazy("And turns off the public links. They keep their address."),
    Level.SERVICES: gettext_lazy("And takes the services offline, for everybody. The owner can enable them again."),
    Level.PERSON: gettext_lazy("And takes shares, roles and networks away."),
}


class KeepForm(forms.Form):
    """Whether what is stopped is kept stopped, and how far that may go."""

    after = forms.ChoiceField(
        choices=((ONCE, gettext_lazy("Stop once")), (KEEP, gettext_lazy("And keep it stopped"))), initial=ONCE
    )
    level = forms.ChoiceField(
        choices=Level.choices, initial=Level.RECUT, required=False, label=gettext_lazy("How far a hold may go")
    )
    quiet = forms.TypedChoiceField(
        choices=QUIETS,
        coerce=int,
        initial=10,
        required=False,
        empty_value="10",
        label=gettext_lazy("Ends after quiet of"),
    )
    deadline = forms.TypedChoiceField(
        choices=DEADLINES,
        coerce=int,
        initial=60,
        required=False,
        empty_value="60",
        label=gettext_lazy("At the latest after"),
    )
    include_own = forms.BooleanField(required=False, label=gettext_lazy("My own connections, too"))

    def __init__(self, data: Any, user: User, run: StopRun) -> None:
        super().__init__(data)
        self.user = user
        self.run = run

    @property
    def offered(self) -> bool:
        """Whether this person may hold at all."""
        return any(may(self.user, name) for name in PERMISSIONS.values())

    @property
    def keeps(self) -> bool:
        """Whether "and keep it stopped" was chosen."""
        return bool(self.is_bound and self.data.get("after") == KEEP)

    def levels(self) -> list[dict[str, Any]]:
        """Each level with what it does, and why this person may not choose it, "" when they may."""
        chosen = self["level"].value() or Level.RECUT
        covered = self.run.items.queued()
        addresses = set(covered.values_list("connection__device_address", flat=True))
        people = set(covered.values_list("connection__opened_by", flat=True))
        there = Connection.objects.visible_to(self.user).open().filter(device_address__in=list(addresses)[:MOST_ASKED])
        others = len(set(there.values_list("opened_by", flat=True)) - people)
        services = len(addresses)
        return [
            {
                "value": level.value,
                "name": level.label,
                "does": DOES[level],
                "is_chosen": level.value == chosen,
                "why_not": self.why_not(level),
                "radius": self.radius(level, services, len(people), others),
            }
            for level in Level
        ]

    def radius(self, level: Level, services: int, people: int, others: int) -> str:
        """Whom a level touches: at so many services so many people, and so many others who are there now."""
        told = {"services": services, "people": people, "others": others}
        match level:
            case Level.WATCH:
                return _("nobody is touched")
            case Level.RECUT:
                text = ngettext(
                    "only %(people)d person, services: %(services)d",
                    "only %(people)d people, services: %(services)d",
                    people,
                )
                return text % told
            case Level.LINKS:
                return _("everyone who uses a public link of these %(services)d services; who isn't known") % told
        return _("everyone at these %(services)d services; %(others)d other people have them open now") % told

    def why_not(self, level: Level) -> str:
        if level is Level.PERSON:
            return _("not offered: what it would have to put back can't be read whole")
        if not may(self.user, PERMISSIONS[level]):
            return _("not offered: you lack the permission")
        return ""

    def wish(self, *, reason: str, ticket: str) -> Wish:
        """What is asked, from a form that is valid."""
        said = self.cleaned_data
        return Wish(
            level=Level(said["level"] or Level.RECUT),
            reason=reason,
            ticket=ticket,
            quiet=timedelta(minutes=int(said["quiet"])),
            deadline=timedelta(minutes=int(said["deadline"])),
            include_own=said["include_own"],
            selector={"door": "web"},
        )


class ReasonForm(forms.Form):
    """Why a person steers a hold; `level` and `minutes` where the wish has them."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, strip=True)
    minutes = forms.TypedChoiceField(choices=DEADLINES, coerce=int, required=False, empty_value="60")
    level = forms.ChoiceField(choices=Level.choices, required=False)
