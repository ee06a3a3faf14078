"""Sign-ins, failed ones and sign-outs: what only Django's signals tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from connections.audit.append import Entry, append
from connections.audit.origin import command_origin
from connections.people import notices
from connections.people.failures import Failure, has_own_line
from connections.web import proofs, session_end
from connections.web.door import devices, factor_due
from connections.web.origin import UNKNOWN, client_ip, printable, web_origin

if TYPE_CHECKING:
    from collections.abc import Callable

NAME_LENGTH = 150
SIGN_IN_FAILED = "user.sign_in_failed"
SECOND_FACTOR_WRONG = "user.second_factor_wrong"
OLD_PASSWORD_WRONG = "user.old_password_wrong"  # noqa: S105 - an action of the history


def connect() -> None:
    """Have the history told of every sign-in; to be called once, when Django is ready."""
    receivers: tuple[tuple[Any, Callable[..., None]], ...] = (
        (user_logged_in, signed_in),
        (user_login_failed, sign_in_failed),
        (user_logged_out, signed_out),
    )
    for signal, receiver in receivers:
        signal.connect(receiver, dispatch_uid=f"audit.{receiver.__name__}")
    user_logged_in.connect(session_end.begin, dispatch_uid="session_end.begin")
    user_logged_in.connect(proved, dispatch_uid="proofs.proved")
    user_logged_in.connect(factor_due.look, dispatch_uid="factor_due.look")
    user_logged_in.connect(devices.began, dispatch_uid="devices.began")


def signed_in(sender: object, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Append `user.signed_in`. An error goes on to the sender: nobody is signed in without a line."""
    with transaction.atomic():
        _append("user.signed_in", request, user, factor=proofs.coming(request))
        if user.is_superuser:
            notices.begin(user)


def proved(sender: object, request: HttpRequest | None, **kwargs: Any) -> None:
    """Who has just signed in has just proved that it is them."""
    if request is not None:
        proofs.came(request)


def signed_out(sender: object, request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _append("user.signed_out", request, user)


def sign_in_failed(
    sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    refuse_sign_in(str(credentials.get(User.USERNAME_FIELD) or ""), request)


def refuse_sign_in(name: str, request: HttpRequest | None, *, why: str = "") -> None:
    """Append `user.sign_in_failed` with the name that was tried, and never the password.

    The line is one of the person's whose name it is; with a name that nobody has, of nobody's. When there were many
    within a minute, the history is told of it by their sum.
    """
    if request is not None and not has_own_line(failure_of(SIGN_IN_FAILED, name, request), timezone.now()):
        return
    actor = User.objects.filter(username=name).first() if name.isprintable() else None
    _append(SIGN_IN_FAILED, request, actor, name=printable(name, NAME_LENGTH), why=why)


def refuse_old_password(user: User, request: HttpRequest) -> None:
    """Append `user.old_password_wrong`, in sums as above."""
    if has_own_line(failure_of(OLD_PASSWORD_WRONG, user.get_username(), request), timezone.now()):
        _append(OLD_PASSWORD_WRONG, request, user)


def refuse_second_factor(user: User, request: HttpRequest) -> None:
    """Append `user.second_factor_wrong`, in sums as above."""
    if has_own_line(failure_of(SECOND_FACTOR_WRONG, user.get_username(), request), timezone.now()):
        _append(SECOND_FACTOR_WRONG, request, user)


def failure_of(action: str, name: str, request: HttpRequest) -> Failure:
    """How a failure of the password of `name` that came with `request` is counted."""
    return Failure(action, printable(name, NAME_LENGTH), client_ip(request) or UNKNOWN)


def _append(action: str, request: HttpRequest | None, actor: User | None, **facts: str) -> None:
    # Without a request it was a script of somebody who has this machine.
    origin = command_origin() if request is None else web_origin(request)
    with transaction.atomic():
        append([Entry(action, origin, actor=actor, facts=facts)])
