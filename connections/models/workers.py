from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> WorkerQuerySet:
        """Workers that gave a sign within their lease, by the database's clock."""
        return self.filter(ended_at=None, beat_at__gte=lease_start())

    def failing(self) -> WorkerQuerySet:
        """Those alive whose work fails: a sign of life is a small write, and may fit where the work does not."""
        return self.alive().exclude(failure="")

    def dead(self) -> WorkerQuerySet:
        return self.exclude(pk__in=self.alive().values("pk"))


class Worker(models.Model):
    """One worker process. Its claims are its own while its heartbeat is younger than the lease."""

    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(auto_now_add=True)
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    """When a page last tried whether the database can be written."""
    failure = models.TextField(blank=True, db_default="")
    """What its work last failed with; "" when it succeeded since."""
    failed_at = models.DateTimeField(null=True)
    """Since when it fails."""
    files_failure = models.TextField(blank=True, db_default="")
    """Why a file that is to be copied away can't be written on its host; "" when it can."""

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return f"{self.host}/{self.pid}"


def lease_start() -> models.Expression:
    """The oldest heartbeat that still counts. The database's clock decides, not those of several hosts."""
    return models.ExpressionWrapper(
        Now() - timedelta(seconds=settings.WORKER_LEASE_SECONDS), output_field=models.DateTimeField()
    )
