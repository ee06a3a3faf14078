from django.conf import settings
from django.db import migrations, models

FOLDED = (
    "stop.sent",
    "stop.answered",
    "stop.withdrawn",
    "stop.skipped",
    "stop.verified",
    "connection.ended",
    "list.started",
    "list.read",
)
NOT_FOLDED = models.Q(*[models.Q(("action", action), _negated=True) for action in FOLDED])


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0004_checkpoints"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=NOT_FOLDED, fields=["actor", "-seq"], name="event_page_by_actor"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=NOT_FOLDED, fields=["-seq"], name="event_page"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=NOT_FOLDED, fields=["action", "-seq"], name="event_page_by_action"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=models.Q(("action", "stop.requested")), fields=["run"], name="event_request"),
        ),
    ]
