from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SEES, HISTORY = "view_connection", "view_all_history"
OPERATES = (SEES, "stop_connection", "open_connection", "hold_watch", "hold_recut")
LEADS = (
    *OPERATES,
    *("add_connection", "hold_links", "hold_services", "hold_persons"),
    *("manage_runs", "approve_runs", HISTORY),
)
ROLES = {
    "Viewers": (SEES,),
    "Operators": OPERATES,
    "Leads": LEADS,
    "Auditors": (SEES, HISTORY),
    "Administrators": (*LEADS, "manage_accounts", "manage_people", "manage_roles", "break_glass"),
}


def add_roles(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the roles that there are not yet. A group that has the name of one stays as it is: nobody loses or gains."""
    using = schema_editor.connection.alias
    # Django makes permissions only after all migrations.
    for app in ("auth", "connections"):
        create_permissions(installed.get_app_config(app), verbosity=0, using=using, apps=apps)
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, codenames in ROLES.items():
        role, created = group.objects.using(using).get_or_create(name=name)
        if created:
            given = permission.objects.using(using).filter(
                content_type__app_label="connections", codename__in=codenames
            )
            role.permissions.set(given)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("connections", "0023_scope_rules"),
    ]

    operations = [
        migrations.RunPython(add_roles, migrations.RunPython.noop),
    ]
