"""Names as they are searched: without case and accents, each number whole.

A connection's names stand folded in one column, `device 1D1D service 1E1E opener 1C beginnings`: each of these marks
(in hex) once, so that a pattern of LIKE can't reach from one name into the next; two of them where one letter may be
any. A number stands between two marks (1F) and without leading zeros: "Plant 07" is `plant 1F 7 1F`, in which neither
70 nor 17 is found. The beginnings are the first two letters of each word, each between marks (1B): an index of three
letters in a row could find nothing shorter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from django.db import models

from connections.models.formats import CONTROL_CHARACTER, INVISIBLE

NUMBER = "\x1f"
AFTER_DEVICE, AFTER_SERVICE, AFTER_OPENER, SHORT = "\x1d\x1d", "\x1e\x1e", "\x1c", "\x1b"
SOURCES = ("device_name", "service_name", "opened_by")
"""The names that are folded, in their order in the column."""

# Letters that Unicode takes for letters of their own, and people for others with something added.
PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
DIGITS = re.compile(r"0*([0-9]+)")
SEVERAL_BEFORE_NUMBER = re.compile(r"(?:[^\w]|_){2,}(?=[0-9])")
WORD = re.compile(r"[^\W\d_]+")
BLANKS = re.compile(r"\s+")


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """`text` as it stands in the folded column; blanks at its ends are kept, as one.

    What stands between a word and its number is one character: "Pump #7" and "Pump  7" read as "Pump 7".
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", INVISIBLE.sub("", text)).casefold()
        text = unicodedata.normalize("NFKD", text).translate(PLAIN)
        text = "".join(one for one in text if not unicodedata.combining(one))
    text = BLANKS.sub(" ", CONTROL_CHARACTER.sub(" ", text.lower()))
    return DIGITS.sub(rf"{NUMBER}\1{NUMBER}", SEVERAL_BEFORE_NUMBER.sub(" ", text))


def beginnings(folded: str) -> set[str]:
    """The first two letters of each word."""
    return {word[:2] for word in WORD.findall(folded)}


@lru_cache(maxsize=20_000)
def fold_names(device_name: str, service_name: str, opened_by: str) -> str:
    """The folded column of a connection with these names."""
    device, service, opener = (fold(name.strip()) for name in (device_name, service_name, opened_by))
    short = SHORT.join(sorted(beginnings(f"{device} {service} {opener}")))
    return f"{device}{AFTER_DEVICE}{service}{AFTER_SERVICE}{opener}{AFTER_OPENER}{SHORT}{short}{SHORT}"


class FoldedNames(models.TextField):
    """The column of `fold_names`. It follows the names whenever a row is saved or inserted.

    What writes names in other ways (`connections/db/bulk.py`, an UPDATE) asks `fold_names` itself.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = fold_names(*(getattr(model_instance, name) for name in SOURCES))
        setattr(model_instance, self.attname, value)
        return value
