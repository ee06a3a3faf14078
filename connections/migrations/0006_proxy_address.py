from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0005_history_indexes")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="proxy_address",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
    ]
