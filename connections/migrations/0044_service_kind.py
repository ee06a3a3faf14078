from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0043_proposals"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="service_kind",
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="scoperule",
            name="service_kind",
            field=models.CharField(blank=True, default="", max_length=3),
            preserve_default=False,
        ),
    ]
