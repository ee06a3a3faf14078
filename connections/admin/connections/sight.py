"""Which connections a request may look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from connections.admin.refusals import Lacks
from connections.inventory.grammar.fields import is_key
from connections.models import Connection
from connections.models.rights import NOTHING_CHANGED, ON_CONNECTIONS, may
from connections.models.scope import is_bounded

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connections.models.connections import ConnectionQuerySet

MOST_TICKED = 10_000


def connections_of(request: HttpRequest) -> ConnectionQuerySet:
    """The connections that the request may see. Raises Lacks for who may see none."""
    if not may(request.user, "view_connection"):
        raise Lacks("view_connection", but=NOTHING_CHANGED)
    return Connection.objects.visible_to(request.user)


def connection_or_404(request: HttpRequest, key: str) -> Connection:
    """The connection with this key. Raises Lacks as `connections_of`, and Http404 where it is not among those."""
    seen = connections_of(request)
    if not is_key(key):
        raise Http404
    connection: Connection = get_object_or_404(seen.select_related("account"), pk=int(key))
    return connection


def may_and_see(request: HttpRequest, permission: str) -> bool:
    """Whether the person may do what `permission` names, and see what comes of it."""
    return may(request.user, permission) and may(request.user, "view_connection")


def check_may_add(request: HttpRequest, *, but: str) -> None:
    """Raise PermissionDenied unless the person may add connections. `but`: what therefore did not happen.

    Whoever adds a connection says its names: by them a rule of scope would let through whatever somebody writes.
    """
    if not may_and_see(request, "add_connection"):
        raise Lacks("add_connection", but=but)
    if is_bounded(request.user, *(one for one in ON_CONNECTIONS if may(request.user, one))):
        raise PermissionDenied(_("Whoever has a scope can't add connections. %s") % but)


def ticked_in(request: HttpRequest) -> list[str]:
    """The keys of the rows that were ticked, on this page and on others; none where anything else came, too."""
    elsewhere = request.POST.get("elsewhere", "")
    keys = [*request.POST.getlist("_selected_action"), *(elsewhere.split(",") if elsewhere else [])]
    return list(dict.fromkeys(keys)) if all(map(is_key, keys)) and len(keys) <= MOST_TICKED else []
