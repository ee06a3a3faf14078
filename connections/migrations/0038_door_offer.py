from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0037_hold_terms")]

    operations = [
        migrations.AddField(
            model_name="preferences",
            name="door_offer_declined",
            field=models.BooleanField(default=False),
        ),
    ]
