from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import connections.models.folded.names
from connections.db.bulk import update_many
from connections.models.folded.names import SOURCES, fold_names

CHUNK = 5000


def fold_all(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give every connection its folded names."""
    model = apps.get_model("connections", "Connection")
    after = 0
    while rows := list(model.objects.filter(pk__gt=after).order_by("pk").values_list("pk", *SOURCES)[:CHUNK]):
        update_many(model, [({"folded": fold_names(*names)}, {"pk": pk}) for pk, *names in rows])
        after = rows[-1][0]


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0025_send_delay"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="folded",
            field=connections.models.folded.names.FoldedNames(db_default="", editable=False),
        ),
        migrations.RunPython(fold_all, migrations.RunPython.noop),
    ]
