"""The page of people: role, what they may, last seen, state; each with the way to their own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from connections.admin.refusals import Lacks
from connections.models import SignedIn
from connections.models.rights import NOTHING_CHANGED, ON_CONNECTIONS, may
from connections.models.scope import is_bounded
from connections.people import rights
from connections.people.access import links
from connections.people.lines import permission_names
from connections.web.origin import user_of
from connections.words.access.short import in_short, scope_in_short
from connections.words.times import coarse

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_PAGE = 50
LONG = timedelta(days=14)
"""Whoever signed in no later is said to be unseen for a while."""
IN = Q(is_active=True, is_staff=True)
NO_PASSWORD = Q(password="") | Q(password__startswith="!")  # noqa: S106 - how Django marks that there is none
TABS = {
    "": (gettext_lazy("All"), Q()),
    "in": (gettext_lazy("May sign in"), IN),
    "new": (gettext_lazy("Never signed in"), IN & Q(last_login=None)),
    "off": (gettext_lazy("Off"), ~IN),
}


@dataclass(frozen=True)
class Tab:
    key: str
    name: str
    count: int
    query: str


@dataclass(frozen=True)
class Row:
    """One person. `state` is a word of the sprite's states, `words` what stands beside it.

    `has_more`: whether they are in roles that reach further than who looks, which are not named.
    """

    user: User
    roles: list[Group]
    may: str
    scopes: list[str]
    second: str
    state: str
    words: str
    has_page: bool
    has_more: bool


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    if not may(request.user, "view_user"):
        raise Lacks("manage_people", but=NOTHING_CHANGED)
    text, role, wanted = (request.GET.get(name, "").strip() for name in ("q", "role", "state"))
    found = _matching(text, role, roles_known_to(user_of(request)))
    tab = wanted if wanted in TABS else ""
    page = Paginator(with_all(found.filter(TABS[tab][1])), PER_PAGE).get_page(request.GET.get("p"))
    here = {"q": text, "role": role, "state": tab}
    counts = found.aggregate(**{f"tab_{key}": Count("pk", filter=only) for key, (_name, only) in TABS.items()})
    context = {
        **admin.site.each_context(request),
        "title": _("People"),
        "rows": rows_of(list(page), user_of(request)),
        "page": page,
        "tabs": [
            Tab(key, str(name), counts[f"tab_{key}"], _query(here, state=key)) for key, (name, _only) in TABS.items()
        ],
        "tab": tab,
        "text": text,
        "role": role,
        "roles": Group.objects.filter(pk__in=roles_known_to(user_of(request))).order_by("name"),
        "back": _query(here, p=page.previous_page_number()) if page.has_previous() else "",
        "on": _query(here, p=page.next_page_number()) if page.has_next() else "",
    }
    return TemplateResponse(request, "admin/people/access/people.html", context)


def rows_of(people: list[User], viewer: User) -> list[Row]:
    """A row for each of `people`, who come from `with_all`, as `viewer` may see it."""
    going_on = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    signed_in = SignedIn.objects.filter(user__in=people, session__in=going_on).values_list("user", flat=True)
    invited, here, known = links.end_of_links(people), set(signed_in), roles_known_to(viewer)
    return [_row(person, viewer, known, invited.get(person.pk), is_here=person.pk in here) for person in people]


def roles_known_to(viewer: User) -> set[int]:
    """The keys of the roles that `viewer` may know: all, or, where a scope bounds them, those that reach no further."""
    if not is_bounded(viewer, *ON_CONNECTIONS):
        return set(Group.objects.values_list("pk", flat=True))
    # Rules of a role that gives nothing bound nothing, and still name something.
    gives = Q(scope_rules=None) | Q(permissions__codename__in=ON_CONNECTIONS)
    return set(rights.groups_within(viewer).filter(gives).values_list("pk", flat=True))


def second_of(person: User) -> str:
    """By what somebody signs in beside the password; "" for nothing."""
    keys = len(person.passkeys.all())
    found = [_("code app")] if hasattr(person, "code_app") else []
    if keys:
        found.append(_("passkey") if keys == 1 else _("%d passkeys") % keys)
    return ", ".join(found)


def _row(person: User, viewer: User, known: set[int], invited: datetime | None, *, is_here: bool) -> Row:
    every = sorted(person.groups.all(), key=lambda one: one.name)
    groups = [group for group in every if group.pk in known]
    labels = set(permission_names(person.user_permissions.all()))
    for group in groups:
        labels |= permission_names(group.permissions.all())
    scopes = [] if person.is_superuser else [words for words in map(scope_in_short, groups) if words]
    state, words = _state(person, invited, is_here=is_here)
    does = _("everything") if person.is_superuser else in_short(labels)
    has_page = rights.may_see_person(viewer, person)
    return Row(person, groups, does, scopes, second_of(person), state, words, has_page, groups != every)


def _state(person: User, invited: datetime | None, *, is_here: bool) -> tuple[str, str]:
    now = timezone.now()
    if not (person.is_active and person.is_staff):
        return "paused", _("off")
    if not person.has_usable_password() and not person.passkeys.all():
        if invited:
            return "queued", _("invited, link ends in %s") % coarse((invited - now).total_seconds())
        return "refused", _("no way to sign in: make a link")
    if is_here:
        return "active", _("signed in")
    if person.last_login and now - person.last_login > LONG:
        return "", _("not seen for %s") % coarse((now - person.last_login).total_seconds())
    return "", ""


def _matching(text: str, role: str, known: set[int]) -> QuerySet[User]:
    found = User.objects.all()
    for word in text.split():
        fields = ("username", "first_name", "last_name", "email")
        wanted = Q(groups__name__icontains=word, groups__in=known)
        for field in fields:
            wanted |= Q(**{f"{field}__icontains": word})
        found = found.filter(pk__in=User.objects.filter(wanted).values("pk"))
    if role:
        found = found.filter(pk__in=User.objects.filter(groups__name=role, groups__in=known).values("pk"))
    return found


def with_all(people: QuerySet[User]) -> QuerySet[User]:
    """`people` with what a row shows of each."""
    beside = ("user_permissions__content_type", "groups__permissions__content_type", "groups__scope_rules__account")
    return people.select_related("code_app").prefetch_related("passkeys", *beside).order_by("username")


def _query(here: Mapping[str, str], **changes: str | int) -> str:
    kept: dict[str, str | int] = {name: value for name, value in {**here, **changes}.items() if value}
    return f"?{urlencode(kept)}"
