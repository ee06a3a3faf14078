"""What the API's words say of a connection: one table of phrasings, and what is none of them."""

from __future__ import annotations

import re
from enum import Enum, auto


class Meaning(Enum):
    """What a reason says of the connection that a call named."""

    #: There is no such connection, or none any more.
    GONE = auto()
    #: A connection has ended. Whose is not said: it may be the API's own one to its database that broke.
    ENDED = auto()
    #: Nothing of the kind.
    OTHER = auto()


#: Which words are meant where the table says {name}, and [name], where they may be left out.
WORDS = {
    "id": r"connectionid:?(?: #:?)?|connection(?: with id)?:? #:?",
    "it": r"connectionid:?(?: #:?)?|connection(?: with (?:this )?(?:id|connectionid)|:)?(?: #:?)?",
    "is": r"is|was|are|has|had|does|did|do|has been|had been",
    "wrong": r"incorrect|invalid|wrong|bad|unknown|mistaken|no good",
    "right": r"valid|correct|right|good",
    # Not "available", "established", "connected", "up": a passing fault says those, too.
    "known": r"found|known|exist|exists|existing|located|there|present|listed|open|active|alive|live|running",
    "over": r"ended|over|gone|stopped|expired|deleted|removed|finished|cancell?ed|released",
    "closed": r"closed|disconnected|terminated|shut down|dropped|killed|torn down",
    "already": r"already|long since|previously|already been",
    "find": r"find|locate|see|know|know of|recogni[sz]e|have",
}

# The vendor's page "device/connect/stop" says that the connection id may be "incorrect or missing" and gives no literal
# text; those of `disconnect` are not documented at all. That these phrasings mean it is our reading of plain English.
#: Phrasings, in the spelling of `_plain`; # is an id.
PHRASES = {
    Meaning.GONE: (
        "{id} [is] {wrong}",
        "{id} [is] not {right}",
        "{id} [is] no longer {right}",
        "{wrong} {id}",
        "not {right} {id}",
        "no such {it}",
        "unknown {it}",
        "{it} [is] unknown",
        "{it} [is] not {known}",
        "{it} [is] no longer {known}",
        "{it} no longer {known}",
        "{it} {is} not {right}",
        "{it} {is} no longer {right}",
        "{it} can not be {known}",
        "{it} could not be {known}",
        "not {known} {it}",
        "no {known} {it}",
        "no longer {known} {it}",
        "no connection {known}",
        "no {known} connection {known}",
        "no connections {known}",
        "no connection with this id",
        "no connection with this connectionid",
        "no connection with id #",
        "no connection matches this id",
        "not {find} {it}",
        "not {find} this {it}",
        "not {find} such {it}",
        "unable to {find} {it}",
        "failed to {find} {it}",
        "matches no connection",
        "matches no {known} connection",
        "not match {it}",
        "not match {known} {it}",
        "inactive {it}",
        "expired {it}",
        "{it} gone",
        "{it} expired",
        "{it} ended",
        "{it} {already} {over}",
        "{it} {is} [already] {over}",
        "{it} {is} {already} {closed}",
        "{already} {over} {it}",
        "{already} {closed} {it}",
        "{id} [is] [already] {over}",
        "{id} {is} [already] {closed}",
        "this connection {is} [already] {closed}",
        "it {is} {already} {over}",
        "it {is} {already} {closed}",
    ),
    Meaning.ENDED: (
        "connection {is} {closed}",
        "connection {already} {closed}",
        "connection {is} no longer",
    ),
}
#: What may follow a phrasing. With "for this plan", "by remote host" or another noun it says something else.
_MAY_FOLLOW = r"or|and|already|yet|since|here|before|missing|to us|in (?:our )?(?:system|records)"
_MAY_FOLLOW += r"|(?:for|with|by|under) (?:this )?(?:id|connectionid)"
_END = rf"(?=\W*$|:? #| ?[.,;:!?()\[\]/-]| (?:{_MAY_FOLLOW})\b)"

_SPELLINGS = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        ("[\N{RIGHT SINGLE QUOTATION MARK}`]", "'"),
        (r"\bcan(?:no|')t\b", "can not"),
        (r"n't\b", " not"),
        (r"([\"'])[\w-]{1,40}\1", "#"),
        ("[\"'\N{LEFT SINGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}]", " "),
        (r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b|\b[0-9a-f]{40}\b", "#"),
        (r"\bany ?(?:more|longer)\b|\bno more\b", " "),
        (r"\b(?:the|an?|any|your|given|specified|requested|supplied|provided|selected|currently)\b", " "),
        (r"\b(?:that|these|those)\b", "this"),
        (
            r"\bid (?:of|for) (?:this )?(?:proxy )?connection\b|\bconnection[\s_-]*(?:id|identifier|uuid|guid)\b",
            "connectionid",
        ),
        (r"\b(?:which )?you are trying to (?:stop|disconnect|close|end|terminate)\b", " "),
        (r"\bproxy connection\b", "this connection"),
        (r"\b(?:database|db|redis|network|socket|tcp|http|sql|internet|server|backend|pooled) connection\b", "other"),
        (r"\b(?:not |un-?)recogni[sz]ed\b|\bnon-?exist(?:ent|ing)\b|\bnot in existence\b", "unknown"),
        (r"\s+", " "),
    )
)


def _pattern(phrase: str) -> str:
    """The regular expression of one phrasing of the table."""
    optional = re.sub(r"\[(\w+)\] ", lambda name: rf"(?:(?:{WORDS[name[1]]}) )?", phrase)
    return re.sub(r"\{(\w+)\}", lambda name: rf"(?:{WORDS[name[1]]})", optional)


_PATTERNS = {
    meaning: re.compile(rf"\b(?:{'|'.join(map(_pattern, phrases))}){_END}") for meaning, phrases in PHRASES.items()
}
_WHOLE = re.compile(_pattern("{already} {over}|{already} {closed}"))


def meaning_of(reason: str) -> Meaning:
    """Return what ``reason``, the API's words for a "no", says of the connection that was named."""
    text = _plain(reason)
    if _WHOLE.fullmatch(text.strip(" .!")):
        return Meaning.GONE
    return next((meaning for meaning, pattern in _PATTERNS.items() if pattern.search(text)), Meaning.OTHER)


def _plain(reason: str) -> str:
    # "ConnectionNotFound" and "CONNECTION_NOT_FOUND" are words, too.
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", reason).replace("_", " ").lower()
    for pattern, plain in _SPELLINGS:
        text = pattern.sub(plain, text)
    return text
