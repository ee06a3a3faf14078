"""What to undo by hand: a file that is written before anything is switched off, for the day when the panel is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.models.holding.measures import MeasureKind

if TYPE_CHECKING:
    from connections.models import Hold, Measure

FOLDER = "holds"
OF_THE_HOLD = 2  # the first lines, which name the hold and its beginning
HOW = {
    MeasureKind.LINK: gettext_lazy(
        "%(service)s (%(address)s, account %(account)s): turn the public link on, if it was; in remote.it's app: "
        "the service, then its link"
    ),
    MeasureKind.SERVICE: gettext_lazy(
        "%(service)s (%(address)s, account %(account)s): tick “Enable service”, if it was; in remote.it's app: "
        "the service, then “Edit”"
    ),
}


def path_of(hold: Hold) -> Path:
    return Path(settings.DATA_FOLDER) / FOLDER / f"hold-{hold.pk}-undo.txt"


def write(hold: Hold) -> str:
    """Write the file, where it doesn't say the same already. Without it nothing is switched off.

    A hold of another database has the same number: its file is not written over, but kept as `….old-N.txt`.

    Returns why it can't be written, "" when it is there.
    """
    path, said = path_of(hold), text(hold)
    try:
        if path.exists() and _keep_another_s(path, said):
            return ""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            file.write(said)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        told = {"path": path, "why": error.strerror}
        return _("The list of what to undo by hand can't be written to %(path)s: %(why)s.") % told
    return ""


def _keep_another_s(path: Path, said: str) -> bool:
    """Whether the file says this already; that of another hold is put aside."""
    there = path.read_text(encoding="utf-8", errors="replace")
    if there.splitlines()[:OF_THE_HOLD] != said.splitlines()[:OF_THE_HOLD]:
        os.replace(path, path.with_suffix(f".old-{path.stat().st_mtime_ns}.txt"))
    return there == said


def text(hold: Hold) -> str:
    return "\n".join(_lines(hold)) + "\n"


def _lines(hold: Hold) -> Iterator[str]:
    yield _("What hold %d of this panel may switch off, and how to switch it on again by hand") % hold.pk
    yield _("Begun %(at)s by %(person)s: %(reason)s") % {
        "at": hold.started_at.isoformat(timespec="seconds"),
        "person": hold.user_name,
        "reason": hold.reason,
    }
    yield _("The panel puts this back by itself when the hold ends. If the panel is gone, all of it stays off.")
    yield _("Leave alone what somebody else has changed meanwhile.")
    yield ""
    for measure in hold.measures.select_related("member__account").order_by("member", "pk"):
        yield _line(measure)


def _line(measure: Measure) -> str:
    member = measure.member
    told = {"service": member, "address": member.device_address, "account": member.account.name}
    what = HOW[MeasureKind(measure.kind)] % told
    return f"[ ] {what}"
