"""The screens of working on runs together: what is left by decision, a note, a run put off, everything paused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from connections.models import Account, Connection, StopRun
from connections.stops import control, reach
from tests.browser import steps
from tests.browser.screen import Screen, page_of, text, title
from tests.browser.world import World
from tests.support.runs import WEB, start_run


def steering(world: World, url: str) -> list[Screen]:
    return [*_left(world), *_runs(world), *_pause_all()]


def _left(world: World) -> list[Screen]:
    leave = page_of("connections_stoprun", "leave", world.runs["done"].pk)
    return [
        Screen("leave", leave, text("Leave as it is")),
        Screen("leave, no reason", leave, "css=.errornote", steps=steps.send),
        Screen("leave, may not", leave, title("You may not do this"), who="carol", status=403),
    ]


def _runs(world: World) -> list[Screen]:
    def address(run: StopRun) -> str:
        return page_of("connections_stoprun", "change", run.pk)

    noted, put_off = world.runs["paused"], start_run(world.operator, *_open(0))
    control.note(noted, world.operator, WEB, text="The plant knows.\nGo on after noon.")
    StopRun.objects.filter(pk=put_off.pk).update(not_before=timezone.now() + timedelta(hours=1))
    return [
        Screen("run, with a note", address(noted), text("Go on after noon.")),
        Screen("run, a note to write", address(noted), text("Change the note"), steps=steps.open_menus),
        Screen("run, of somebody else, to take over", address(noted), text("Take over"), who="admin"),
        Screen("run, put off", address(put_off), text("Nothing has been sent yet.")),
        Screen(
            "run, remote.it away", address(world.runs["running"]), text("No call leaves for remote.it."), under=_away
        ),
    ]


def _pause_all() -> list[Screen]:
    pause_all, runs = page_of("connections_stoprun", "pause_all"), page_of("connections_stoprun")
    return [
        Screen("pause all", pause_all, title("Pause all sending?"), who="admin"),
        Screen("pause all, no reason", pause_all, "css=.errornote", who="admin", status=400, steps=steps.send),
        Screen("pause all, may not", pause_all, title("You may not do this"), who="bob", status=403),
        Screen("paused, all sending", pause_all, text("All sending is paused"), who="admin", steps=_pause),
        Screen("runs, all sending paused", runs, text("All sending is paused")),
    ]


@contextmanager
def _away() -> Iterator[None]:
    """A call to remote.it did not get through. As with a stop that is sent: the last of these screens."""
    account = Account.objects.get(name="default")
    reach.note_unreached(account, "The name api.remote.it is not known here (NameResolutionError: -2)")
    yield


def _open(first: int) -> list[Connection]:
    return list(Connection.objects.filter(status="active", account__name="default").order_by("pk")[first : first + 8])


def _pause(page: steps.Page) -> None:
    page.fill("#id_reason", "remote.it answers oddly: nobody sends before we know why")
    steps.send(page)
