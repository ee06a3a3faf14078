"""A token as the panel shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise

from connections.models import ApiToken
from connections.models.integrations.tokens import Scope, TokenState
from connections.people.tokens import OPENS

ROWS = 500
SOON = timedelta(days=7)
STATUS = {
    TokenState.REVOKED: "ended",
    TokenState.EXPIRED: "ended",
    TokenState.OWNER_OFF: "ended",
    TokenState.LEAKED: "refused",
    TokenState.NEVER_USED: "unverified",
    TokenState.IN_USE: "active",
}
"""The status whose colour and icon a state is shown by."""


@dataclass(frozen=True)
class Row:
    token: ApiToken
    state: TokenState
    ends_soon: bool

    @property
    def status(self) -> str:
        return STATUS[self.state]

    @property
    def opens(self) -> bool:
        return self.state in OPENS

    @property
    def may(self) -> list[tuple[str, str | Promise]]:
        """Its scopes, each with its words."""
        words = dict(Scope.choices)
        return [(name, words.get(name, "")) for name in self.token.scopes]


def row_of(token: ApiToken, at: datetime) -> Row:
    """`token`, whose owner is read, as it is at `at`."""
    state = token.state(at)
    return Row(token, state, state in OPENS and token.expires_at - at <= SOON)
