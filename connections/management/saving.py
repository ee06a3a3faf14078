"""Lines for what Django's own commands do: they save users by themselves, and only signals tell when."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import post_save, pre_save

from connections.audit.append import Entry, append


@contextlib.contextmanager
def saved_with_line(line_of: Callable[[User], Entry | None]) -> Iterator[None]:
    """Within the block, a user is saved in one transaction with the line that `line_of` gives for them.

    The transaction is no longer than that: such a command waits for a person to type, and SQLite has one writer.
    """
    with contextlib.ExitStack() as transactions:

        def begin(sender: object, **kwargs: Any) -> None:
            transactions.enter_context(transaction.atomic())

        def end(sender: object, instance: User, **kwargs: Any) -> None:
            append([line for line in [line_of(instance)] if line])
            transactions.close()

        pre_save.connect(begin, sender=User)
        post_save.connect(end, sender=User)
        try:
            yield
        finally:
            pre_save.disconnect(begin, sender=User)
            post_save.disconnect(end, sender=User)
