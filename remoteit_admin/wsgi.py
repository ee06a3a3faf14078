"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _

from remoteit_admin.start import keep_private, require_settings, require_what_pages_need

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "remoteit_admin.settings")

keep_private()
# gunicorn's Arbiter.WORKER_BOOT_ERROR: after any other code it would start one worker after the other for ever.
require_settings(exit_code=3)
pages = get_wsgi_application()
require_what_pages_need(exit_code=3)
# gunicorn would take it for its own, and refuse every address without it: a load balancer asks for /healthz.
os.environ["SCRIPT_NAME"] = ""


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The panel's pages. A request in another encoding than UTF-8 is answered here: Django fails while it makes its
    request of it, before anything of ours could say so."""
    if is_utf8(environ.get("CONTENT_TYPE", "")):
        return pages(below(settings.FORCE_SCRIPT_NAME or "", environ), start_response)
    start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [_("The Content-Type of this request names an encoding. The panel reads UTF-8 only.\n").encode()]


def below(path: str, environ: WSGIEnvironment) -> WSGIEnvironment:
    """`environ` with what was asked for below `path`, which a proxy passes on and a probe by address leaves out."""
    asked = environ["PATH_INFO"]
    if path and f"{asked}/".startswith(f"{path}/"):
        return {**environ, "PATH_INFO": asked.removeprefix(path)}
    return environ


def is_utf8(content_type: str) -> bool:
    """Whether a Content-Type can be read and names UTF-8 as its charset, or none."""
    try:
        charset = parse_header_parameters(content_type)[1].get("charset", "utf-8")
    except (LookupError, ValueError):  # the value of some parameter is in an encoding that nobody knows
        return False
    return charset.lower() == "utf-8"
