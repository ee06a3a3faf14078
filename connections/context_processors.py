from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from remoteit_admin import __version__


def panel(request: HttpRequest) -> dict[str, Any]:
    """What every page says of the panel itself."""
    return {"sandbox": settings.SANDBOX, "panel_version": __version__}
