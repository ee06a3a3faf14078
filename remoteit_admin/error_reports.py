"""What Django's error pages and error mails show: never a value that may be a secret, with DEBUG on as well."""

from __future__ import annotations

import re
from collections.abc import ItemsView
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class HidesSecrets(SafeExceptionReporterFilter):
    """Hides all local variables and all that was posted.

    Credentials pass through Django's and the libraries' functions under any name, so no list of names would do.
    """

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|_URL|_PROXY|HUEY", re.IGNORECASE
    )

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: TracebackType
    ) -> ItemsView[str, Any]:
        return {}.items()
