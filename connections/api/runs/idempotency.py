"""The same key twice is the same wish: it leads to the same run, however often a program sends it again.

By draft-ietf-httpapi-idempotency-key-header, with the current state of the run instead of the first answer.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.api.problems import Problem, busy
from connections.models import IdempotencyKey

if TYPE_CHECKING:
    from connections.models import ApiToken

GIVEN_UP_AFTER = timedelta(minutes=2)
"""A first request that is still at it after so long has died."""
RETRY_S = 2
LONGEST = 255


def checked(key: str | None) -> str:
    """`key` as it was sent, quoted (a structured field) or not. Raises Problem."""
    text = (key or "").strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not text:
        raise Problem("key_required")
    if len(text) > LONGEST or not (text.isascii() and text.isprintable()):
        detail = _("Idempotency-Key has %d printable characters of ASCII at most.") % LONGEST
        raise Problem("invalid_value", errors=[{"parameter": "Idempotency-Key", "code": "key", "detail": detail}])
    return text


def begin(token: ApiToken, path: str, key: str, asked: dict[str, Any]) -> IdempotencyKey:
    """Note that `token` asks for `asked`; `run` or `hold` of what is returned is set when that was done.

    Raises Problem when the key was used for something else, or the first request is still at it.
    """
    fingerprint = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        wish, created = IdempotencyKey.objects.get_or_create(
            token=token, path=path, key=key, defaults={"fingerprint": fingerprint}
        )
    if created:
        return wish
    if wish.fingerprint != fingerprint:
        raise Problem("key_reused")
    if wish.run_id is None and wish.hold_id is None and not _taken_over(wish):
        raise busy("still_running", RETRY_S)
    return wish


def forget_wish(wish: IdempotencyKey) -> None:
    """Nothing came of it: the same key may be used for a better one."""
    IdempotencyKey.objects.filter(pk=wish.pk, run=None, hold=None).delete()


def _taken_over(wish: IdempotencyKey) -> bool:
    now = timezone.now()
    dead = IdempotencyKey.objects.filter(pk=wish.pk, run=None, hold=None, created_at__lt=now - GIVEN_UP_AFTER)
    return bool(dead.update(created_at=now))
