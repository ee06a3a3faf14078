"""A line of the history as other people's tools ask for it: the one model from which every format is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from connections.words.actions import sentence_for


class Status(StrEnum):
    """What became of what a line tells."""

    SUCCESS = "success"
    GONE = "gone"
    """What it was about was there no more."""
    FAILURE = "failure"
    """A clear no."""
    ERROR = "error"
    """Nothing left this machine."""
    UNKNOWN = "unknown"
    """It may have happened."""
    PENDING = "pending"
    """About to be sent: its answer is a line of its own."""


BY_OUTCOME = {
    "stopped": Status.SUCCESS,
    "accepted": Status.SUCCESS,
    "opened": Status.SUCCESS,
    "complete": Status.SUCCESS,
    "set": Status.SUCCESS,
    "restored": Status.SUCCESS,
    "already_gone": Status.GONE,
    "refused": Status.FAILURE,
    "left_alone": Status.FAILURE,
    "given_up": Status.FAILURE,
    "failed": Status.ERROR,
}
"""An outcome that stands here for nothing is shown as unknown: no tool may read a yes into it."""
REFUSALS = ("user.sign_in_failed", "user.old_password_wrong", "token.refused", "run.denied", "approval.denied")


@dataclass(frozen=True)
class Line:
    """`fields`: the line as `audit.export.as_objects` gives it, all that it says."""

    fields: dict[str, Any]

    @property
    def action(self) -> str:
        return str(self.fields["action"])

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.fields["at"])

    @property
    def actor(self) -> str:
        """Who did it; "" for the panel itself."""
        return self.text("actor") or self.text("system_user")

    @property
    def status(self) -> Status:
        if self.action.endswith("_sent") or self.action.endswith(".sent"):
            return Status.PENDING
        if self.action in REFUSALS:
            return Status.FAILURE
        outcome = self.fields.get("outcome")
        return BY_OUTCOME.get(str(outcome), Status.UNKNOWN) if isinstance(outcome, str) else Status.SUCCESS

    @property
    def severity(self) -> int:
        """1 informational, 2 low, 3 medium, 4 high, as OCSF numbers them."""
        if self.action.startswith("glass."):
            return 4
        if self.fields.get("verdict") in ("came_back", "still_alive") or self.action in ("hold.returned", *REFUSALS):
            return 3
        if self.action == "token.leaked":
            return 4
        return 3 if self.status in (Status.UNKNOWN, Status.FAILURE, Status.ERROR) else 1

    @property
    def sentence(self) -> str:
        return sentence_for(self.action, self.fields)

    def text(self, name: str) -> str:
        """The fact of this name on one line; "" where the line has none."""
        value = self.fields.get(name)
        return "" if value is None else " ".join(str(value).split())
