"""The page of one connection: what is known of it, how it is stopped, what happened to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from connections.admin.connections.change_list import latest_items
from connections.admin.connections.one.timeline import timeline
from connections.admin.connections.one.verdict import verdict_of_connection
from connections.inventory.export import as_object
from connections.live.standing import seen_of, trouble_of
from connections.models import Connection, Hold, StopItem, StopRun
from connections.models.states import ConnectionStatus, ItemState
from connections.words.connections import kind_of_service, note_of_connection
from connections.words.counts import count_capped, in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def connection_page(connection: Connection, user: User) -> dict[str, Any]:
    """The context of the page, for `user`."""
    latest = latest_items([connection]).get(connection.pk)
    item = latest if latest and not _ended_without(connection, latest) else None
    visible = StopRun.objects.visible_to(user)
    others = Connection.objects.visible_to(user).open()
    named = others.filter(device_name=connection.device_name) if connection.device_name else others.none()
    opener = others.filter(opened_by=connection.opened_by) if connection.opened_by else others.none()
    return {
        "connection": connection,
        "seen": seen_of(connection, timezone.now()),
        "account": connection.account,
        "trouble": trouble_of(connection.account, timezone.now()),
        "note": note_of_connection(connection, latest),
        "item": item,
        "run": item and item.run,
        "may_see_run": item is not None and visible.filter(pk=item.run_id).exists(),
        "kind": kind_of_service(connection),
        "lifetime": connection.expires_at - connection.opened_at
        if connection.expires_at and connection.opened_at
        else None,
        "holds": holds_on(connection, user),
        "same_device": in_words(count_capped(named)),
        "same_opener": in_words(count_capped(opener)),
        "why_not": why_not(connection, is_held=connection.stop_items.held().exists()),
        **verdict_of_connection(connection, item, user),
        "record": json.dumps(as_object(connection), ensure_ascii=False, indent=2),
        **timeline(connection, user),
    }


def holds_on(connection: Connection, user: User) -> list[Hold]:
    """The holds that are on for the service of `connection`, as far as `user` may see them."""
    key = connection.device_address.lower()
    found = Hold.objects.visible_to(user).on()
    return list(found.filter(members__account=connection.account_id, members__service_key=key).distinct())


def _ended_without(connection: Connection, item: StopItem) -> bool:
    """Whether it ended otherwise than the run of its last `item` found it."""
    return connection.status == ConnectionStatus.ENDED and item.state != ItemState.ALREADY_GONE


def why_not(connection: Connection, *, is_held: bool) -> str:
    """Why this connection can't be stopped now, or "" when it can. `is_held`: a started run has it."""
    match connection.status:
        case ConnectionStatus.STOPPED:
            return _("It is stopped: there is nothing left to stop.")
        case ConnectionStatus.ENDED:
            return _("It has ended: there is nothing left to stop.")
        case ConnectionStatus.STOPPING:
            return _("A stop is under way. It can be stopped again once that one has its outcome.")
    return _("A run is about to stop it.") if is_held else ""
