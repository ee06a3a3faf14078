"""The screens of holds."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from connections.holds.begin import Wish, begin
from connections.holds.ends import end
from connections.models import Connection, Hold, HoldClock, HoldReturn, Measure
from connections.models.holding.holds import HoldEnd, Level
from connections.models.holding.measures import MeasureState, UndoState
from tests.browser.screen import Screen, page_of, text, title
from tests.browser.world import World
from tests.support.runs import WEB

DANA = "dana.k@example.com"


def holds(world: World, url: str) -> list[Screen]:
    """One that is on, with who came back, and one that is over and has not put everything back."""
    user = User.objects.get(username="admin")
    on, over = _on(user), _over(user)
    member, left = on.members.all()[0], over.measures.all()[0]
    return [
        Screen("holds", page_of("connections_hold"), text("On now"), who="admin"),
        Screen("hold, on", page_of("connections_hold", "change", on.pk), text("Seven ways back"), who="admin"),
        Screen("hold, over", page_of("connections_hold", "change", over.pk), title("ended by admin"), who="admin"),
        Screen("hold, leave", page_of("connections_hold", "leave", over.pk, left.pk), text("Reason"), who="admin"),
        Screen(
            "hold, ways",
            page_of("connections_hold", "reach", member.account_id, member.service_key),
            text("Seven ways, the open ones first"),
            who="admin",
        ),
    ]


def _begin(user: User, level: Level) -> Hold:
    named = Connection.objects.filter(status="active").order_by("pk")[:3]
    wish = Wish(level, "Contractor laptop reported stolen", "INC-2291", selector={"door": "web"})
    return begin(user, wish, Connection.objects.filter(pk__in=[one.pk for one in named]), WEB)


def _on(user: User) -> Hold:
    hold = _begin(user, Level.WATCH)
    for member in hold.members.all():
        HoldClock.objects.get_or_create(
            hold=hold,
            account_id=member.account_id,
            defaults={"strip": [[0, "match"], [5, "counted"], [10, "not_whole"]]},
        )
        for number in range(3):
            HoldReturn.objects.create(
                hold=hold, member=member, session_key=f"{member.pk}-{number}", opened_by=DANA, seen_at=timezone.now()
            )
    return hold


def _over(user: User) -> Hold:
    hold = _begin(user, Level.LINKS)
    Measure.objects.filter(hold=hold).update(state=MeasureState.SET, before=True, asked_at=timezone.now())
    end(hold, HoldEnd.WITHDRAWN, user=user, reason="the key was replaced")
    Measure.objects.filter(hold=hold).update(undo=UndoState.QUEUED, undo_why="device is not active", undo_tries=7)
    return hold
