"""What a refusal says: the permission that is missing, or that nobody may do this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from connections.models.rights import NOTHING_CHANGED, NOTHING_SENT, missing, refusal
from connections.people.access.givers import givers, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import Promise

# Django's own pages, which raise without words: the end of an address' name -> the permissions that it takes.
TAKES = {
    "changelist": ("view",),
    "history": ("view",),
    "change": ("view",),
    "add": ("add",),
    "delete": ("delete",),
    "password_change": ("change",),
}

BEYOND = gettext_lazy(
    "You may not do this: it is about somebody who may do more than you, about a group that gives more than you have, "
    "or about your own rights. A superuser can do it. Nothing was changed."
)


class Lacks(PermissionDenied):
    """Somebody lacks `permissions`. `but`: what therefore did not happen."""

    def __init__(self, *permissions: str, but: str | Promise = NOTHING_SENT) -> None:
        super().__init__(refusal(*permissions, but=but))
        self.permissions = permissions


class NobodyMay(PermissionDenied):
    """No permission would help, so nobody is named who could give it."""


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The handler of every 403: the words of who refused, or those for one of Django's own pages."""
    said = str(exception)
    lacking = getattr(exception, "permissions", ()) or ([] if said else _missing_for_people(request))
    words = said or (refusal(*lacking, but=NOTHING_CHANGED) if lacking else _for_people(request))
    context = {"words": words, "who": "" if isinstance(exception, NobodyMay) else _who(request, lacking)}
    return render(request, "403.html", context, status=403)


def _who(request: HttpRequest, lacking: Iterable[str]) -> str:
    """Whom to ask; nobody is named to who is none of the panel's."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_staff:
        return in_words([])
    return in_words(givers(user, *lacking, whole=not lacking))


def _for_people(request: HttpRequest) -> str:
    """What is said on a page of users or groups to who lacks no permission. "" for another page."""
    name = (request.resolver_match and request.resolver_match.url_name) or ""
    return str(BEYOND) if name.startswith(("auth_user_", "auth_group_")) else ""


def _missing_for_people(request: HttpRequest) -> list[str]:
    """The permissions that `request` lacks for a page of users or groups."""
    name = (request.resolver_match and request.resolver_match.url_name) or ""
    for model in (User, Group):
        opts = model._meta
        page = name.removeprefix(f"{opts.app_label}_{opts.model_name}_")
        if page in TAKES:
            codes = _codes(page, is_post=request.method == "POST", is_user=model is User)
            return missing(request.user, *(f"{code}_{opts.model_name}" for code in codes))
    return []


def _codes(page: str, *, is_post: bool, is_user: bool) -> tuple[str, ...]:
    if page == "change" and is_post:
        return ("change",)
    if page == "add" and is_user:
        return ("add", "change")  # Django: who may add users could add one who may do anything
    return TAKES[page]
