from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Preferences(models.Model):
    """How one person wants to see the panel. "" is the panel's own choice."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)

    send_delay_s = models.PositiveSmallIntegerField(_("time to take a stop back"), null=True, blank=True)
    """For how many seconds the first sending of a run is put off; None: by screen and number of stops."""
    columns = models.JSONField(default=list, blank=True)
    """The columns of the list of connections, by name, in their order; none for the panel's own."""
    rows = models.PositiveSmallIntegerField(default=50)
    """So many connections stand on a page of the list."""
    density = models.CharField(max_length=8, blank=True)
    """How high the rows of the list are: "" is one line, `dense`, or `two`."""
    told_by = models.JSONField(default=dict, blank=True)
    """By which ways beside the bell they are told of which kinds: way -> kinds; a missing way is at its default."""

    door_offer_declined = models.BooleanField(default=False)
    """Whether the overview's offer to set up second factors and ceilings was put away."""

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def seen_by(self, user: User) -> SavedViewQuerySet:
        """The person's own, and those that others share. What they list is what the person may see of it."""
        return self.filter(Q(user=user) | Q(is_shared=True))


class SavedView(models.Model):
    """A filter of the list of connections with its order and columns, under a name."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=80)
    query = models.TextField(blank=True)
    """The filter and the order, as the list's address has them."""
    columns = models.JSONField(default=list, blank=True)
    """The names of its columns in their order; none for the person's own."""
    is_shared = models.BooleanField(_("shared with everybody"), default=False)
    is_start = models.BooleanField(_("what I begin with"), default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        default_permissions = ()
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(fields=("user", "name"), name="one_view_per_name"),
            models.UniqueConstraint(fields=("user",), condition=Q(is_start=True), name="one_start_per_person"),
        )

    def __str__(self) -> str:
        return self.name
