"""The channels by which the history is told to people and machines: a registry of what knows to whom, and how."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connections.models import AuditEvent
    from connections.models.notices import Delivery


class Sent(NamedTuple):
    """What one try came to.

    `ok`: whether it was taken. `said`: why not, or what was answered, fit for a person and without secrets. `status`:
    the answer's, None without one. `again`: whether another try may help. `retry_in`: the seconds after which the
    receiver asks for it; None leaves that to the courier.
    """

    ok: bool
    said: str = ""
    status: int | None = None
    again: bool = True
    retry_in: float | None = None


class Channel(Protocol):
    """One way to tell. The courier calls it from the worker, and never twice at once for the same target."""

    name: str
    """What its deliveries and its place in the history are kept under; at most 40 characters."""
    actions: frozenset[str]
    """The actions of the history that it wants to see; what it tells of is a choice among these."""
    give_up_after: timedelta
    """For how long a delivery is tried before it is given up."""

    def deliveries(self, lines: Sequence[AuditEvent]) -> Iterable[Delivery]:
        """What `lines`, in the order of the history, have to tell: deliveries not saved yet, in the order to send in.

        Runs in the transaction that moves the channel's place on, so it may write what belongs to that, and runs once
        for each line that is committed.
        """

    def send(self, delivery: Delivery) -> Sent:
        """Try once, in a thread of its own and outside of a transaction. What it raises is another try's matter."""


_CHANNELS: dict[str, Channel] = {}


def register(channel: Channel) -> Channel:
    """Have the courier serve `channel` from now on; the same name again takes the place of the first."""
    _CHANNELS[channel.name] = channel
    return channel


def channels() -> dict[str, Channel]:
    """All that are registered, by name."""
    return dict(_CHANNELS)
