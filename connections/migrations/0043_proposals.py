import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("connections", "0042_vendor_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("subject", models.CharField(max_length=10)),
                ("key", models.BigIntegerField(null=True)),
                ("name", models.CharField(blank=True, max_length=255)),
                ("before", models.JSONField(default=dict)),
                ("wish", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("origin", models.JSONField(default=dict)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("counts_at", models.DateTimeField()),
                ("sha256", models.CharField(max_length=64)),
                ("state", models.CharField(default="waiting", max_length=10)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
                "default_permissions": (),
                "indexes": [models.Index(fields=["state", "counts_at"], name="proposal_open")],
            },
        ),
    ]
