"""The forms of remote.it's values, and of times that people write."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SERVICE_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){7}")
CONNECTION_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
YEARS = range(1970, 3000)
"""The years of times that are taken. At the ends of the calendar a page could not show one in every time zone."""


def is_service_address(text: str) -> bool:
    """Whether `text` is eight pairs of hex digits with colons, in any case (remoteit-api reference, section 3)."""
    return SERVICE_ADDRESS.fullmatch(text) is not None


def is_connection_id(text: str) -> bool:
    """Whether `text` is 8-4-4-4-12 hex digits, in any case (remoteit-api reference, section 3).

    Real ids are often no UUID by RFC 4122: their variant and version bits are anything.
    """
    return CONNECTION_ID.fullmatch(text) is not None


def validate_service_address(text: str) -> None:
    """Raise ValidationError unless `text` is a service address."""
    if not is_service_address(text):
        raise ValidationError(
            _("A service address is eight pairs of hex digits with colons, like 80:00:00:00:01:00:40:C5."),
            code="service_address",
        )


def validate_connection_id(text: str) -> None:
    """Raise ValidationError unless `text` is a connection id."""
    if not is_connection_id(text):
        raise ValidationError(
            _("A connection id is 8-4-4-4-12 hex digits, like A481EBED-C678-4DA4-60D2-60F1FE8EB5DA."),
            code="connection_id",
        )


def validate_one_line(text: str) -> None:
    """Raise ValidationError when `text` holds a control character: a NUL, a tab, a line break …"""
    if CONTROL_CHARACTER.search(text):
        raise ValidationError(_("There is a control character in it (a NUL, a tab, a line break …)."), code="one_line")


def parse_time(text: str) -> datetime:
    """The moment that `text`, ISO 8601 with its offset from UTC, names; in UTC.

    A time without an offset is refused, since a guessed zone would be hours wrong; so is one outside of YEARS.
    Raises ValidationError.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and moment.year in YEARS:
            return moment.astimezone(UTC)
    except ValueError:
        pass
    raise ValidationError(
        _(
            "A time is ISO 8601 with its offset, like 2026-03-01T14:30:00Z or 2026-03-01T15:30:00+01:00, "
            "and of the years 1970 to 2999."
        ),
        code="time",
    )
