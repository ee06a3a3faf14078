"""What the lines of the history tell of a run and of its items: folded line by line, to be compared with the tables."""

from __future__ import annotations

from typing import Any, cast

from connections.models.states import ItemState, UnverifiedReason, Verdict

Json = dict[str, Any]
WISHES = ("run.paused", "run.resumed", "run.cancelled")
QUEUED, SENDING, SKIPPED = (state.value for state in (ItemState.QUEUED, ItemState.SENDING, ItemState.SKIPPED))
REQUESTED, ASKED_AGAIN = "stop.requested", "run.verification_asked"


class ToldItem:
    """One item, as its own lines tell it. Made by the thousand: no dataclass, no dictionary of its own."""

    __slots__ = (
        *("seq", "connection", "account", "connection_id", "device_address", "account_name"),
        *("state", "attempts", "unclear", "sent_at", "answered_at", "skipped_why"),
        *("took_ms", "status", "reason", "verdict", "why", "list_seq", "back_as", "back_after_s"),
    )

    def __init__(
        self, connection: Any, account: Any, connection_id: Any, device_address: Any, account_name: Any
    ) -> None:
        self.connection, self.account, self.account_name = connection, account, account_name
        self.connection_id, self.device_address = connection_id, device_address
        self.seq: int = 0
        self.state: Any = QUEUED
        self.attempts: Any = 0
        self.unclear = False
        nothing, no_text = cast("Any", None), cast("Any", "")
        self.sent_at = self.answered_at = self.took_ms = self.status = self.list_seq = self.back_after_s = nothing
        self.reason = self.skipped_why = self.verdict = self.why = self.back_as = no_text

    def compared(self) -> tuple[Any, ...]:
        """What the item's row has to say, in the order of `differences.StoredItem`."""
        return (
            *(self.connection, self.account, self.attempts, self.skipped_why, self.took_ms, self.status, self.reason),
            *(self.verdict, self.why, self.list_seq, self.back_as, self.back_after_s),
            *(self.connection_id, self.device_address),
        )

    def take(self, seq: int, body: Json) -> None:
        """Let the line `seq` change what is told of the item."""
        get, action = body.get, body["action"]
        self.seq = seq
        if action == "stop.sent":
            self.state, self.attempts, self.sent_at = SENDING, get("attempt"), get("at")
        elif action == "stop.answered":
            if get("late"):
                return
            self.state = get("item_outcome") or QUEUED
            self.answered_at, self.took_ms, self.status = get("at"), get("took_ms"), get("upstream_status")
            self.reason = get("upstream_reason", "")
            self.unclear = self.unclear or get("outcome") == ItemState.UNKNOWN
        elif action == "stop.verified":
            self.verdict, self.why, self.list_seq = get("verdict"), get("why", ""), get("list_seq")
            self.back_as, self.back_after_s = get("came_back_as", ""), get("came_back_after_s")
        elif action == "stop.withdrawn":
            self.state, self.attempts = QUEUED, get("attempt", 1) - 1
            self.sent_at = self.sent_at if self.attempts else None
        elif action == "stop.skipped":
            self.state = get("item_outcome") or SKIPPED
            self.skipped_why = get("why", "") if self.state == SKIPPED else ""
            if self.state == ItemState.FAILED:  # it waited for remote.it for as long as it was to
                self.answered_at, self.took_ms, self.status = get("at"), None, None
                self.reason = get("upstream_reason", "")

    @property
    def can_be_asked_again(self) -> bool:
        return bool(self.verdict == Verdict.UNVERIFIED and self.why == UnverifiedReason.NOT_LISTED)

    def ask_again(self) -> None:
        """A person had the verdict tried again: until the next one there is none."""
        if self.can_be_asked_again:
            self.verdict = self.why = ""
            self.list_seq = None


class ToldRun:
    """One run, as its lines tell it: the first, the wishes about it, and its items by their key."""

    __slots__ = ("first", "first_seq", "is_cancelled", "is_paused", "items", "last_seq")

    def __init__(self) -> None:
        self.first: Json | None = None
        self.first_seq = self.last_seq = 0
        self.is_paused = self.is_cancelled = False
        self.items: dict[Any, ToldItem] = {}

    def take(self, seq: int, body: Json) -> None:
        """Let the line `seq`, which is about this run, change what is told of it."""
        self.last_seq = seq
        get = body.get
        key = get("item_id")
        if key is not None:
            item = self.items.get(key)
            if item is None:
                identity = (get("connection"), get("account_id"), get("connection_id"), get("device_address"))
                item = self.items[key] = ToldItem(*identity, get("account"))
            item.take(seq, body)
            return
        action = body["action"]
        if action == REQUESTED:
            self.first, self.first_seq = body, seq
        elif action == "run.cancelled":
            self.is_cancelled = True
        elif action in WISHES:
            self.is_paused = action == "run.paused"
        elif action == ASKED_AGAIN:
            for item in self.items.values():
                item.ask_again()

    def account_names(self) -> dict[int, str]:
        """What the accounts of the run's items were called then, by key, as far as its lines tell."""
        return {item.account: item.account_name for item in reversed(self.items.values())}

    def states(self, item: ToldItem) -> tuple[str, ...]:
        """In which states an item may be by these lines: a cancelled run has one line for all that it takes back."""
        if item.state != QUEUED or not self.is_cancelled:
            return (item.state,)
        return (QUEUED, ItemState.UNKNOWN.value if item.unclear else ItemState.CANCELLED.value)
