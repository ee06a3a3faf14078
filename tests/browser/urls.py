"""The panel's addresses, and one whose view fails."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from remoteit_admin.urls import handler403 as handler403
from remoteit_admin.urls import urlpatterns as panel


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("this view is broken, for the page that says so")


def bad_page(request: HttpRequest) -> HttpResponse:
    """A page with one of each mistake that the walk looks for."""
    return HttpResponse(
        "<!doctype html><html lang=en><head><title>Bad</title><meta name=viewport content='width=device-width'></head>"
        "<body><main><h1>Bad</h1><p style='width: 3000px'>inline style</p><svg width=3000 height=10></svg>"
        "<input type=text><img src='/nothing.png' alt=''><script src='/bad.js'></script></main></body></html>"
    )


def bad_script(request: HttpRequest) -> HttpResponse:
    return HttpResponse("console.warn('careful'); throw new Error('script broke');", content_type="text/javascript")


urlpatterns = [*panel, path("broken/", broken), path("bad/", bad_page), path("bad.js", bad_script)]
