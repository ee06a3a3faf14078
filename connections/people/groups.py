"""The two groups that a new panel starts with. What an administrator changes in them afterwards stays."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

GROUPS = {
    "Operators": ("view_connection", "stop_connection"),
    "Auditors": ("view_connection", "view_all_history"),
}


def ensure_groups(using: str = "default") -> None:
    """Make each group that does not exist yet, with its permissions."""
    # Django makes permissions after migrate, too, in an order that is not ours to choose.
    create_permissions(apps.get_app_config("connections"), verbosity=0, using=using)
    for name, codenames in GROUPS.items():
        group, created = Group.objects.using(using).get_or_create(name=name)
        if created:
            group.permissions.set(
                Permission.objects.using(using).filter(content_type__app_label="connections", codename__in=codenames)
            )
