from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0036_directory")]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="terms_sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]
