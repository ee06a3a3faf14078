"""This machine's clock, beside that of remote.it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from connections.remoteit import clocks


def clock_words(seconds: int | None) -> str:
    """What is to be said of this machine's clock, which is `seconds` ahead of remote.it's; "" when it is right."""
    if seconds is None or not clocks.is_off(seconds):
        return ""
    if seconds > 0:
        return _("This machine's clock is %d seconds ahead of remote.it's.") % seconds
    return _("This machine's clock is %d seconds behind remote.it's.") % -seconds
