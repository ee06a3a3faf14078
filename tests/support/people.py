"""Who may what, for a test."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User


def grant(user: User, *codenames: str) -> None:
    """Give `user` permissions of the panel, as if they always had them."""
    found = Permission.objects.filter(content_type__app_label="connections", codename__in=codenames)
    assert len(found) == len(codenames)
    user.user_permissions.add(*found)
    for cached in ("_perm_cache", "_user_perm_cache", "_group_perm_cache"):
        user.__dict__.pop(cached, None)
