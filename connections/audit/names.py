"""Who is called how, by the lines of the history: pages show people and accounts by the names in their tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from connections.models import Account, AuditEvent

NAMING = ("user.added", "user.changed", "account.added", "account.changed")
CHUNK = 1000
MOST_SINCE = 50_000
"""How many lines past the last that was read are asked for a new name."""


class Names:
    """The last name of each person and account in the lines that were taken."""

    def __init__(self) -> None:
        self._people: dict[Any, Any] = {}
        self._accounts: dict[Any, Any] = {}
        # By the last line that gave a name: a worker may know somebody by the old one a little longer than that.
        self._named_people: dict[Any, Any] = {}
        self._named_accounts: dict[Any, Any] = {}

    def take(self, body: dict[str, Any]) -> None:
        """Note the names in the text of one line."""
        get = body.get
        if (person := get("actor_id")) is not None:
            self._people[person] = get("actor")
        if (account := get("account_id")) is not None:
            self._accounts[account] = get("account")
        if get("action") in NAMING:
            if (person := get("user_id")) is not None:
                self._people[person] = self._named_people[person] = get("user")
            elif account is not None:
                self._named_accounts[account] = get("account")

    def differences(self, last_seq: int) -> list[str]:
        """Who is called otherwise now, in words. `last_seq`: the last line that was taken."""
        if not any(self._differing()):
            return []
        # They may have been renamed since.
        since = AuditEvent.objects.filter(seq__gt=last_seq).order_by("seq").values_list("body", flat=True)
        for body in since[:MOST_SINCE]:
            self.take(json.loads(body))
        return list(self._differing())

    def _differing(self) -> Iterator[str]:
        for pk, said, stored in _other_names(User, "username", self._people, self._named_people):
            told = {"pk": pk, "stored": stored, "told": said}
            yield _("person %(pk)s is called “%(stored)s”, and the history says “%(told)s”") % told
        for pk, said, stored in _other_names(Account, "name", self._accounts, self._named_accounts):
            told = {"pk": pk, "stored": stored, "told": said}
            yield _("account %(pk)s is called “%(stored)s”, and the history says “%(told)s”") % told


def account_names_at(accounts: Collection[int], seq: int) -> dict[int, str]:
    """What these accounts, by key, were called when the line `seq` was written, as far as earlier lines tell."""
    found = {}
    for account in accounts:
        before = AuditEvent.objects.filter(account=account, seq__lt=seq).order_by("-seq").values_list("body", flat=True)
        if body := before.first():
            found[account] = json.loads(body)["account"]
    return found


def _other_names(
    model: type[User] | type[Account], field: str, told: dict[Any, Any], named: dict[Any, Any]
) -> Iterator[tuple[Any, Any, str]]:
    keys = sorted(key for key in told if isinstance(key, int))
    for first in range(0, len(keys), CHUNK):
        part = keys[first : first + CHUNK]
        stored = dict(model._default_manager.filter(pk__in=part).values_list("pk", field))
        for key in part:
            if stored.get(key) is None or stored[key] not in (told[key], named.get(key)):
                yield key, told[key], stored.get(key) or _("not there any more")
