"""The download of a run's evidence from its page."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from connections.audit.signing import NoSigningKey
from connections.evidence.archive import NotHandedOut, export, file_name
from connections.web.origin import user_of, web_origin

MAY_NOT_EXPORT = gettext_lazy(
    "You may not see runs: that takes the permission “Can view connection”. Nothing was exported."
)


class GivesEvidence(admin.ModelAdmin):
    """Gives the admin of runs the address from which the evidence is downloaded."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.evidence_view)
        return [path("<int:pk>/evidence/", view, name="connections_stoprun_evidence"), *super().get_urls()]

    @method_decorator(require_POST)
    def evidence_view(self, request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
        """For who may see the run. A POST, since it leaves a line in the history."""
        if not self.has_view_permission(request):
            raise PermissionDenied(MAY_NOT_EXPORT)
        run = get_object_or_404(self.get_queryset(request), pk=pk)
        try:
            file = export(run, user_of(request), web_origin(request))
        except (NoSigningKey, NotHandedOut) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:connections_stoprun_change", args=[run.pk]))
        return FileResponse(file, as_attachment=True, filename=file_name(run), headers={"Cache-Control": "no-store"})
