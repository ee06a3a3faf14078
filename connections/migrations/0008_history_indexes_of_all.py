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
OF_ALL = models.Q(models.Q(("seq__gt", 0)), *[models.Q(("action", action), _negated=True) for action in FOLDED])


class Migration(migrations.Migration):
    dependencies = [("connections", "0007_accounts_lists_and_workers")]

    operations = [
        migrations.RemoveIndex(model_name="auditevent", name="event_page"),
        migrations.RemoveIndex(model_name="auditevent", name="event_page_by_action"),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=OF_ALL, fields=["-seq"], name="event_page_of_all"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=OF_ALL, fields=["action", "-seq"], name="event_page_of_all_by_action"),
        ),
    ]
