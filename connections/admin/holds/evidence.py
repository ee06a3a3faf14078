"""The download of a hold's evidence from its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import FileResponse
from django.views.decorators.http import require_POST

from connections.admin.holds.sight import hold_or_404, to_hold
from connections.admin.pages import Page
from connections.audit.signing import NoSigningKey
from connections.evidence.archive import NotHandedOut
from connections.evidence.hold import export_hold, hold_file_name
from connections.web.origin import user_of, web_origin

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_POST
def evidence_view(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """For who may see the hold. A POST, since it leaves a line in the history."""
    hold = hold_or_404(request, pk)
    try:
        file = export_hold(hold, user_of(request), web_origin(request))
    except (NoSigningKey, NotHandedOut) as error:
        messages.error(request, str(error))
        return to_hold(hold)
    name = hold_file_name(hold)
    return FileResponse(file, as_attachment=True, filename=name, headers={"Cache-Control": "no-store"})


PAGES = (Page("<int:pk>/evidence/", "evidence", evidence_view),)
