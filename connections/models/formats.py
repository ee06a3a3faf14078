"""The forms of remote.it's values, and of times that people write."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SERVICE_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){7}")
CONNECTION_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
INVISIBLE = re.compile(
    "[\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u115f\\u1160\\u180e\\u200b-\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\u3164\\ud800-\\udfff\\ufeff\\uffa0\\ufff9-\\ufffb\\U000110bd\\U000110cd\\U00013430-\\U0001343f"
    "\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0001\\U000e0020-\\U000e007f]"
)
"""What is not seen and changes what is: it turns a line's direction round, breaks it, or makes two names look alike.

Unicode's category Cf, line and paragraph separators, fillers, and halves of characters.
"""
RIGHT_TO_LEFT = re.compile(
    "[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc\\U00010800-\\U00010fff\\U0001e800-\\U0001efff]"
)
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


def visible(text: str) -> str:
    """`text` with each character that is not seen named as such: [U+202E]."""
    return INVISIBLE.sub(_named, text)


def for_terminal(text: str) -> str:
    """`text`, in which foreign names may stand, as one line that steers no terminal."""
    return CONTROL_CHARACTER.sub(_named, visible(text))


def isolated(name: str) -> str:
    """`name` for a line of text: written from right to left, it must not turn round what stands beside it."""
    return f"\u2068{name}\u2069" if RIGHT_TO_LEFT.search(name) else name


def _named(found: re.Match[str]) -> str:
    return f"[U+{ord(found[0]):04X}]"


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
