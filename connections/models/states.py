"""The states, their arrows and the folding rule: everything about them that is not a query, in one place.

The prose is in docs/why.md, "States".
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ConnectionStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    """Open, as far as we know."""
    STOPPING = "stopping", _("stopping")
    """A stop is being sent; the API has not answered."""
    STOPPED = "stopped", _("stopped")
    """The API accepted our stop."""
    ENDED = "ended", _("ended")
    """Gone without us."""
    UNKNOWN = "unknown", _("unknown")
    """A stop may or may not have happened."""


OPEN_STATUSES = (ConnectionStatus.ACTIVE, ConnectionStatus.STOPPING, ConnectionStatus.UNKNOWN)
STOPPABLE_STATUSES = (ConnectionStatus.ACTIVE, ConnectionStatus.UNKNOWN)


class KnownBy(models.TextChoices):
    OPENED = "opened", _("opened here")
    """We opened it ourselves, and remote.it told us its id."""
    ADDED = "added", _("added by hand")
    """Somebody typed it in."""
    IMPORTED = "imported", _("imported from a file")
    """It stood in a file that somebody imported."""
    LISTED = "listed", _("listed by remote.it")
    """It stood in remote.it's own list."""


KNOWN_TO_BE_REAL = (KnownBy.OPENED, KnownBy.LISTED)


class RunState(models.TextChoices):
    DRAFT = "draft", _("draft")
    """The list is frozen and shown; nothing is asked of the API yet."""
    STARTED = "started", _("started")
    """A person confirmed it; its progress is computed from its items."""


class ItemState(models.TextChoices):
    QUEUED = "queued", _("queued")
    """Waits for a worker."""
    SENDING = "sending", _("sending")
    """A worker holds it: its `stop.sent` line is written, the answer is not."""
    STOPPED = "stopped", _("stopped")
    """The API's body says so. HTTP 200 alone never does."""
    ALREADY_GONE = "already_gone", _("already gone")
    """The API does not know this connection id, and the id was known to be real."""
    REFUSED = "refused", _("refused")
    """A clear no, with the API's reason word for word."""
    FAILED = "failed", _("failed")
    """No byte of the request left this machine."""
    UNKNOWN = "unknown", _("unknown")
    """It may have happened."""
    SKIPPED = "skipped", _("skipped")
    """Not sent, and the item says why."""
    CANCELLED = "cancelled", _("cancelled")
    """Withdrawn by a person before it was sent."""


ITEM_ARROWS: dict[ItemState, tuple[ItemState, ...]] = {
    ItemState.QUEUED: (
        ItemState.SENDING,
        ItemState.SKIPPED,
        ItemState.CANCELLED,
        ItemState.FAILED,  # remote.it could not be reached for as long as its run waits
        ItemState.UNKNOWN,  # taken back while it waited for another attempt, after one that may have happened
    ),
    ItemState.SENDING: (
        ItemState.QUEUED,  # another attempt, or a claim that was withdrawn
        ItemState.STOPPED,
        ItemState.ALREADY_GONE,
        ItemState.REFUSED,
        ItemState.FAILED,
        ItemState.UNKNOWN,
    ),
}
UNFINISHED = (ItemState.QUEUED, ItemState.SENDING)
OUTCOMES = ITEM_ARROWS[ItemState.SENDING][1:]
"""What an attempt can end as, the best first."""
NEVER_SENT = (ItemState.CANCELLED, ItemState.SKIPPED)
FINISHED = (*OUTCOMES, *NEVER_SENT)
"""In the order in which people are told of them."""
CUT = (ItemState.STOPPED, ItemState.ALREADY_GONE)
"""The outcomes after which nothing is left to cut, as far as the API's answer goes."""
NOT_STOPPED = (ItemState.REFUSED, ItemState.FAILED)
"""The stop did not happen. `UNKNOWN` may have been stopped, so it is never among these."""
NEEDS_LOOK = (*NOT_STOPPED, ItemState.UNKNOWN)
NOT_GONE = (*NEEDS_LOOK, ItemState.CANCELLED)
ALIVE_ALL_THE_SAME = (*CUT, ItemState.UNKNOWN)
"""The outcomes that the verdict "still alive" puts right: these are told by the verdict."""


class Verdict(models.TextChoices):
    """What a complete list, asked for after the answer, says of an item: beside its outcome, never instead of it."""

    CONFIRMED_GONE = "confirmed_gone", _("confirmed gone")
    """An earlier complete list held this id, and this one does not."""
    STILL_ALIVE = "still_alive", _("still alive")
    """The list still holds this id."""
    CAME_BACK = "came_back", _("came back")
    """Gone, but the same person has the same service open again, under an id that no list held before."""
    UNVERIFIED = "unverified", _("unverified")
    """No list could settle it, and the item says why."""


SETTLED = (Verdict.CONFIRMED_GONE, Verdict.STILL_ALIVE, Verdict.CAME_BACK)
"""The verdicts that a list gave."""
GONE = (Verdict.CONFIRMED_GONE, Verdict.CAME_BACK)
"""The verdicts by which the connection itself is gone, whatever was opened since."""
WATCHED = (Verdict.CONFIRMED_GONE, Verdict.STILL_ALIVE, Verdict.UNVERIFIED)
"""The verdicts that a list may put right soon after the answer: what is gone comes back, a list lags behind."""


class UnverifiedReason(models.TextChoices):
    NEVER_LISTED = "never_listed", _("no complete list ever held this id")
    NOT_LISTED = "not_listed", _("the account could not be listed completely in time")
    NOT_COVERED = "not_covered", _("the account's list no longer covers where it was seen")


class SkipReason(models.TextChoices):
    NOT_ACTIVE = "not_active", _("not open any more")
    """It was stopped or had ended before its turn came."""
    OTHER_RUN = "other_run", _("another run has it")
    """Another run is stopping it, or will."""
    NOT_ALLOWED = "not_allowed", _("not allowed")
    """The person who asked may not stop it, or not any more."""
    NOT_REACHED = "not_reached", _("remote.it could not be reached")
    """In the history alone, beside the outcome *failed*: no call got there for as long as the run waits."""


def fold(outcome: str, *, unclear: bool, real: bool) -> ItemState:
    """One outcome for the item, from its last attempt and what is known of those before.

    `outcome` is the last attempt's own. `unclear`: an earlier attempt may have happened (it ended `unknown`,
    or its worker died after it was announced). `real`: the id is known to name a connection that existed.

    Once an attempt is unclear, a later "no" or "never left" says nothing about that one, so the item can end
    only as stopped, already gone or unknown.
    """
    match outcome:
        case ItemState.STOPPED | ItemState.UNKNOWN:
            return ItemState(outcome)
        case ItemState.ALREADY_GONE:
            # A mistyped id gets the same words from the API: without knowing better it is a refusal.
            return ItemState.ALREADY_GONE if real or unclear else ItemState.REFUSED
        case ItemState.REFUSED | ItemState.FAILED:
            return ItemState.UNKNOWN if unclear else ItemState(outcome)
    raise ValueError(f"{outcome!r} is no outcome of an attempt")


def connection_after(state: ItemState, *, unclear: bool, before: ConnectionStatus) -> ConnectionStatus:
    """The connection's status once its item is in `state`.

    `unclear` as in `fold`; `before` is what the connection was when the item was claimed. A no, a failure and
    a withdrawal put it back there: an `unknown` connection is not called active because a second stop failed.
    Between two attempts it stays `stopping`, so that no other run takes it.
    """
    match state:
        case ItemState.STOPPED:
            return ConnectionStatus.STOPPED
        case ItemState.ALREADY_GONE:
            return ConnectionStatus.STOPPED if unclear else ConnectionStatus.ENDED
        case ItemState.UNKNOWN:
            return ConnectionStatus.UNKNOWN
        case ItemState.SENDING:
            return ConnectionStatus.STOPPING
    return before
