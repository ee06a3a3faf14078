from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connections.models.runs import new_key
from connections.models.workers import Worker


class UploadQuerySet(models.QuerySet["Upload"]):
    def waiting_for(self, worker: Worker) -> UploadQuerySet:
        """Those that `worker` may read: nobody has, nor is anybody alive reading it, but for `worker` itself."""
        free = Q(reader=None) | Q(reader=worker) | Q(reader__in=Worker.objects.dead())
        return self.filter(free, read_at=None, started_at=None)


class Upload(models.Model):
    """A file that somebody sent, kept between its preview and the import: what is imported is what was shown."""

    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, verbose_name=_("person"))
    file_name = models.CharField(_("file"), max_length=255)
    content = models.BinaryField()
    reading = models.JSONField(default=dict)
    """What the preview says of it: see `connections.inventory.uploads.read`."""
    lines = models.PositiveIntegerField(default=0)
    """About how many lines it has."""
    line_reached = models.PositiveIntegerField(default=0)
    """How far the worker that reads it has come."""
    reader = models.ForeignKey(Worker, on_delete=models.SET_NULL, null=True, related_name="+")
    """Who reads it now; a dead one reads no more."""
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    imported_at = models.DateTimeField(_("imported"), null=True)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        default_permissions = ()

    def __str__(self) -> str:
        return self.file_name
