import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("connections", "0022_items_left"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScopeRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("kind", models.CharField(default="see", max_length=3)),
                ("device", models.CharField(blank=True, max_length=200)),
                ("service", models.CharField(blank=True, max_length=200)),
                ("opener", models.CharField(blank=True, max_length=254)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connections.account",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scope_rules", to="auth.group"
                    ),
                ),
            ],
            options={
                "ordering": ("kind", "pk"),
                "default_permissions": (),
            },
        ),
    ]
