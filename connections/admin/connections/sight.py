"""Which connections a request may look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.admin.refusals import Lacks
from connections.models import Connection
from connections.models.rights import NOTHING_CHANGED, may

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connections.models.connections import ConnectionQuerySet


def connections_of(request: HttpRequest) -> ConnectionQuerySet:
    """The connections that the request may see. Raises Lacks for who may see none."""
    if not may(request.user, "view_connection"):
        raise Lacks("view_connection", but=NOTHING_CHANGED)
    return Connection.objects.visible_to(request.user)
