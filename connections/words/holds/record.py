"""What remote.it's own record tells of a held service, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connections.models.holding.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable


def record_words(kind: str, state: str, people: Iterable[str], *, shared: bool | None) -> str:
    """One event: the service's new state, or with whom it is shared, or is not any more."""
    if kind != RecordKind.SHARE:
        return _("the service is %s") % (state or _("not told how"))
    named = ", ".join(people) or _("somebody who is not named")
    if shared is None:
        return _("a share with %s was changed") % named
    return (_("shared with %s") if shared else _("no longer shared with %s")) % named
