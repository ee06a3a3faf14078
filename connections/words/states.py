"""The states of connections, items, verdicts and runs: their words, and the icons that go with them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from connections.models.states import ConnectionStatus, ItemState, Verdict

STATE_ICONS = {
    "already_gone": "already",
    "cancelled": "cancel",
    "confirmed_gone": "gone",
    "still_alive": "alive",
    "came_back": "back",
    "running": "sending",
    "paused": "pause",
    "waiting": "queued",
    "done": "stopped",
    "complete": "gone",
    "incomplete": "warning",
}
"""The sprite's icon for a state whose icon has another name than itself."""

STATE_WORDS = {
    **dict(ConnectionStatus.choices),
    **dict(ItemState.choices),
    **dict(Verdict.choices),
    "running": gettext_lazy("running"),
    "paused": gettext_lazy("paused"),
    "waiting": gettext_lazy("waits for a worker"),
    "done": gettext_lazy("done"),
    "complete": gettext_lazy("complete"),
    "incomplete": gettext_lazy("incomplete"),
}
