"""The download of a run's evidence from its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import FileResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from connections.admin.pages import Page
from connections.admin.runs.sight import run_or_404, to_run
from connections.audit.signing import NoSigningKey
from connections.evidence.archive import NotHandedOut, export, file_name
from connections.models import StopItem
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

NOT_WHOLE = gettext_lazy("The run holds connections that are not yours to see, so its evidence is not either.")


@require_POST
def evidence_view(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """For who may see the run. A POST, since it leaves a line in the history."""
    run = run_or_404(request, pk)
    if run.items.count() < StopItem.objects.filter(run=run).count():
        messages.error(request, NOT_WHOLE)
        return to_run(run)
    try:
        file = export(run, user_of(request), web_origin(request))
    except (NoSigningKey, NotHandedOut) as error:
        messages.error(request, str(error))
        return to_run(run)
    return FileResponse(file, as_attachment=True, filename=file_name(run), headers={"Cache-Control": "no-store"})


PAGES = (Page("<int:pk>/evidence/", "evidence", evidence_view),)
