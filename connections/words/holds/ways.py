"""The seven ways back, in words, and what each is closed by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections.holds.ways import NEVER_CLOSED, Kind, Standing
from connections.models.holding.holds import Level

if TYPE_CHECKING:
    from collections.abc import Collection

    from connections.holds.ways import Ways7

NAMES = {
    Kind.PROXY: gettext_lazy("Open proxy, anybody with its address"),
    Kind.LINK: gettext_lazy("Public link or service key"),
    Kind.SHARE: gettext_lazy("Share of the device or service"),
    Kind.ROLE: gettext_lazy("Role in the organisation"),
    Kind.NETWORK: gettext_lazy("A network"),
    Kind.OWNER: gettext_lazy("The owner's login, its keys and agents"),
    Kind.PEER: gettext_lazy("Peer to peer"),
}
CAME_BY = {
    Kind.LINK: gettext_lazy("public link or its key"),
    Kind.SHARE: gettext_lazy("share"),
    Kind.ROLE: gettext_lazy("role"),
    Kind.NETWORK: gettext_lazy("network"),
    Kind.OWNER: gettext_lazy("owner"),
}
"""The ways by which somebody can have come back, as the table of come-backs names them."""
ICONS = {
    Kind.PROXY: "active",
    Kind.LINK: "link",
    Kind.SHARE: "share",
    Kind.ROLE: "role",
    Kind.NETWORK: "network",
    Kind.OWNER: "owner",
    Kind.PEER: "p2p",
}
STANDINGS = {
    Standing.OPEN: gettext_lazy("open"),
    Standing.CLOSED: gettext_lazy("closed"),
    Standing.NOT_KNOWN: gettext_lazy("not known"),
}


def closed_by(kind: Kind, level: Level | None) -> str:
    """Which measure closes a way, in words."""
    if kind is Kind.PEER:
        return _("nothing here closes it: it is in no list that can be stopped")
    if level is None:
        return _("nothing here closes it: the owner can always enable again")
    return str(level.label)


def came_by(kind: Kind | None) -> str:
    """By which way somebody came back, in few words."""
    return str(CAME_BY[kind]) if kind else _("not known")


def standing_over(way: Ways7, total: int) -> str:
    """How a way stands over several services."""
    count = way.counts.get(way.standing, 0)
    label = str(STANDINGS[way.standing])
    if count in (0, total):
        return label
    return _("%(standing)s at %(count)d of %(total)d") % {"standing": label, "count": count, "total": total}


def closed_words(ways: Collection[Ways7]) -> str:
    """How many of the ways are closed, as a headline."""
    closed = sum(way.standing is Standing.CLOSED for way in ways)
    return _("Closed %(closed)d of %(all)d ways back") % {"closed": closed, "all": len(ways)}


def what_stays(ways: Collection[Ways7]) -> str:
    """Which ways are not closed, as a sentence."""
    left = [str(NAMES[way.kind]).split(",")[0] for way in ways if way.standing is not Standing.CLOSED]
    if not left:
        return ""
    if {way.kind for way in ways if way.standing is not Standing.CLOSED} == set(NEVER_CLOSED):
        return _("Owner and peer-to-peer stay open.")
    return _("Not closed: %s.") % "; ".join(left)
