"""Pasted lists that are kept, so that an address can name them: their lines stay, what matches them is of now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from connections.inventory.lookup import Answer, Meant, Reply, look_up, meant
from connections.inventory.pasted import read_lines
from connections.models import Connection, PastedList

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.models import User

LIFETIME = timedelta(days=90)


def keep(user: User, text: str, unread: Collection[int] = ()) -> PastedList:
    """The list of what the lines of `text` mean to `user`, who may see it. Raises NotALine."""
    lines = read_lines(text)
    found = asdict(meant(look_up(lines, Connection.objects.visible_to(user), unread)))
    content = json.dumps([user.pk, text, found], sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()[:32]
    return PastedList.objects.get_or_create(key=key, defaults={"user": user, "text": text, "meant": found})[0]


def replies_for(viewer: User, pasted: PastedList, unread: Collection[int] = ()) -> tuple[list[Reply], int]:
    """What the lines mean to `viewer` now, and how many of them are kept from them.

    Who pasted a list sees every line. Another person sees those that name nothing out of their sight: what a line says
    of a connection that somebody may not see is not shown to them either.
    """
    lines = read_lines(pasted.text)
    replies = look_up(lines, Connection.objects.visible_to(viewer), unread)
    if viewer.pk == pasted.user_id:
        return replies, 0
    unknown = [reply.line for reply in replies if reply.answer == Answer.NOT_KNOWN]
    elsewhere = {one.line.number for one in look_up(unknown, Connection.objects.all()) if one.targets}
    return [reply for reply in replies if reply.line.number not in elsewhere], len(elsewhere)


def with_line(pasted: PastedList, number: int, text: str) -> str:
    """The text of the list with another line in place of line `number`; without it where `text` is ""."""
    lines = pasted.text.split("\n")
    if 0 < number <= len(lines):
        lines[number - 1] = text
    return "\n".join(lines)


def exists(key: str) -> bool:
    return PastedList.objects.filter(key=key).exists()


def condition_of(key: str) -> Q:
    """What the list with this `key` means, as a condition on connections; of none where there is no such list."""
    try:
        return _condition_of(key)
    except PastedList.DoesNotExist:
        return Q(pk__in=[])


@lru_cache(maxsize=100)  # a list never changes, and a page asks for the same one a dozen times
def _condition_of(key: str) -> Q:
    found: dict[str, Any] = PastedList.objects.get(key=key).meant
    return Meant(**found).condition()


def delete_expired() -> int:
    """Forget lists that were pasted long ago. Returns how many."""
    return PastedList.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()[0]
