"""The screens of the bell, of what one is told, and of webhooks."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from connections.models import Alarm, Notice, StopRun
from connections.notices.outward import endpoints
from tests.browser import steps
from tests.browser.screen import Screen, text, title
from tests.browser.world import World
from tests.support.runs import WEB


def notices(world: World, url: str) -> list[Screen]:
    """Put into alice's bell by hand: one that is open, one that is over, one that only happened."""
    run = next(iter(world.runs.values()))
    _tell(world, run, "came_back", is_over=False)
    _tell(world, run, "left", is_over=True)
    _tell(world, run, "ended")
    address = reverse("notices")
    admin = User.objects.get(username="admin")
    wish = {"name": "soc", "form": "ed25519", "events": ["run.finished"]}
    endpoint = endpoints.make(admin, WEB, url="https://soc.example.com/in", **wish)
    endpoints.test(endpoint)
    webhook = reverse("webhook", args=[endpoint.pk])
    return [
        Screen("webhooks", reverse("webhooks"), text("soc.example.com"), who="admin"),
        Screen("webhooks, may not", reverse("webhooks"), title("You may not do this"), status=403),
        Screen("webhook", webhook, text("Public key"), who="admin"),
        Screen("webhook, changed", f"{webhook}change/", title("Change “soc”"), who="admin"),
        Screen("webhook, new", reverse("webhook_add"), title("New webhook"), who="admin"),
        Screen("webhook, wrong", reverse("webhook_add"), "css=.errorlist", "admin", 400, steps.press("^Save")),
        Screen("notices", address, text("came back after run")),
        Screen("notices, open", f"{address}?show=open", text("came back after run")),
        Screen("notices, none", address, text("Nothing yet."), who="newcomer"),
        Screen("what one is told", reverse("notices_told"), title("What you are told")),
        Screen("notices, the bell", reverse("preferences"), "css=.bell-pop .say", steps=_ring, scripted=True),
        Screen("notices, all read", address, title("Notices"), steps=steps.press("^Mark all as read")),
    ]


def _tell(world: World, run: StopRun, kind: str, *, is_over: bool | None = None) -> None:
    now = timezone.now()
    facts = {"run": run.pk, "count": 2}
    alarm = None
    if is_over is not None:
        alarm = Alarm.objects.create(kind=kind, key=kind, run=run, since=now, cleared_at=now if is_over else None)
    seq = Notice.objects.count() + 1
    Notice.objects.create(user=world.operator, kind=kind, seq=seq, at=now, run=run, alarm=alarm, facts=facts)


def _ring(page: steps.Page) -> None:
    page.locator("#bell > a").click()
