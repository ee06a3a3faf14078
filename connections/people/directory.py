"""People who sign in at an identity provider: found or made, and given the roles that it says, at each sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.models.door.directory import DirectoryPerson
from connections.people.claims import Refused, Said, read
from connections.people.lines import NOBODY, named, standing_of, user_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from connections.audit.origin import Origin

OIDC = "oidc"


def is_on() -> bool:
    """Whether an identity provider is set."""
    return bool(settings.OIDC_ISSUER)


def mapped_roles() -> frozenset[str]:
    """The names of the roles that the directory gives and takes."""
    return frozenset(role for roles in settings.OIDC_GROUP_MAP.values() for role in roles)


def said_by(claims: Mapping[str, Any]) -> Said:
    """What `claims` give here, without changing anything. Raises Refused."""
    return read(claims, settings.OIDC_GROUPS_CLAIM, settings.OIDC_GROUP_MAP)


def enter(said: Said, origin: Origin) -> User:
    """The person whom `said` is about, made if they are new, with the roles that it gives. Raises Refused.

    Roles that the map names are taken away where they are not given any more, also from who is refused for having none
    left; roles that it does not name stay as they are. A person of the panel is never taken over by their name.
    """
    with transaction.atomic():
        known = DirectoryPerson.objects.select_related("user").filter(issuer=settings.OIDC_ISSUER, subject=said.subject)
        found = known.select_for_update(of=("self",)).first()
        if found is None and not said.roles:
            raise Refused(_("The identity provider gives you no role of this panel. Ask whoever manages its groups."))
        user = found.user if found else _made(said)
        before = standing_of(user) if found else NOBODY
        _give(user, said.roles)
        if line := user_line(user, before, [], None, origin):
            append([line])
    if not user.is_active or not user.is_staff:
        raise Refused(_("Your account is switched off here. Ask an administrator of the panel."))
    if not said.roles:
        raise Refused(
            _("The identity provider gives you no role of this panel any more. Ask whoever manages its groups.")
        )
    return user


def link(user: User, said: Said, origin: Origin) -> None:
    """From now on `user`, who is signed in, can sign in at the identity provider, too. Raises Refused."""
    with transaction.atomic():
        taken = DirectoryPerson.objects.filter(issuer=settings.OIDC_ISSUER, subject=said.subject).exists()
        if taken or DirectoryPerson.objects.filter(user=user).exists():
            raise Refused(_("This sign-in, or you, are linked already. Nothing was changed."))
        before = standing_of(user)
        DirectoryPerson.objects.create(user=user, issuer=settings.OIDC_ISSUER, subject=said.subject)
        _give(user, said.roles)
        lines = [Entry("user.factor_added", origin, actor=user, facts={**named(user), "factor": OIDC})]
        if line := user_line(user, before, [], None, origin):
            lines.append(line)
        append(lines)


def is_same(user: User, said: Said) -> bool:
    """Whether `said` is about `user`."""
    return DirectoryPerson.objects.filter(user=user, issuer=settings.OIDC_ISSUER, subject=said.subject).exists()


def by_hand(user: User, roles: Collection[str]) -> list[str]:
    """Which of the directory's roles would be given to `user` or taken by hand, were theirs `roles`; none may be."""
    if not is_on() or not DirectoryPerson.objects.filter(user=user).exists():
        return []
    mine = set(user.groups.values_list("name", flat=True))
    return sorted((mine ^ set(roles)) & mapped_roles())


def refuse_by_hand(user: User, roles: Collection[str]) -> str:
    """Why `user` can't have these `roles` from somebody's hand; "" where they can."""
    words = _("The identity provider gives and takes %s at each sign-in: nobody does it here by hand.")
    found = by_hand(user, roles)
    return words % ", ".join(found) if found else ""


def refuse_password(user: User) -> str:
    """Why `user` gets no password here; "" where they may. By one they would come in whatever the directory says."""
    if not is_on() or user.has_usable_password() or not DirectoryPerson.objects.filter(user=user).exists():
        return ""
    return _("%s signs in at the identity provider alone, and gets no password here.") % user.get_username()


def _made(said: Said) -> User:
    if User.objects.filter(username__iexact=said.name).exists():
        raise Refused(
            _("“%s” is somebody here already. If that is you, sign in with your password and link it there.")
            % said.name
        )
    user = User.objects.create_user(said.name, said.email, None, is_staff=True)
    DirectoryPerson.objects.create(user=user, issuer=settings.OIDC_ISSUER, subject=said.subject)
    return user


def _give(user: User, roles: Collection[str]) -> None:
    """Change what the map names, and leave the rest."""
    mapped = mapped_roles()
    user.groups.remove(*Group.objects.filter(name__in=mapped - set(roles), user=user))
    user.groups.add(*Group.objects.filter(name__in=roles))
