"""What a page asks the tables itself, wherever it is shown."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.auth.models import User
from django.db.models import QuerySet

from connections.accounts.credentials import has_any_credentials

register = template.Library()
register.simple_tag(has_any_credentials, name="has_any_credentials")

NAMED = 3


@register.simple_tag
def administrators(user: Any) -> QuerySet | list[str]:
    """The names of some who can give a permission, for a person of the panel who lacks one."""
    if not getattr(user, "is_staff", False):
        return []
    names = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return names.order_by("username").values_list("username", flat=True)[:NAMED]
