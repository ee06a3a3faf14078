"""What the engine carries: wake-ups and periodic work. No logic here."""

from __future__ import annotations

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from connections import uploads
from connections.stops import plan, wakeup  # noqa: F401 - importing it registers its task


@db_periodic_task(crontab(minute="*/10"))
def delete_expired_drafts() -> None:
    plan.delete_expired_drafts()


@db_periodic_task(crontab(minute="*/10"))
def delete_expired_uploads() -> None:
    uploads.delete_expired()
