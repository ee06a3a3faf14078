from __future__ import annotations

from typing import Any

from django import template
from django.contrib.auth.models import User
from django.db.models import QuerySet

from connections.admin.overview import overview
from connections.models import Account

register = template.Library()
register.simple_tag(overview, name="overview")

NAMED = 3


@register.simple_tag
def has_account() -> bool:
    """Whether there is an account for which something could be sent."""
    return Account.objects.exists()


@register.simple_tag
def administrators(user: Any) -> QuerySet | list[str]:
    """The names of some who can give a permission, for a person of the panel who lacks one."""
    if not getattr(user, "is_staff", False):
        return []
    names = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return names.order_by("username").values_list("username", flat=True)[:NAMED]
