"""The panel's addresses, and one whose view fails."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from remoteit_admin.urls import handler403 as handler403
from remoteit_admin.urls import urlpatterns as panel


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("this view is broken, for the page that says so")


def bad_page(request: HttpRequest) -> HttpResponse:
    """A page with one of each mistake that the walk looks for.

    What stands on a desk alone can't be read in the dark, what stands on a phone alone in the light.
    """
    return HttpResponse(
        "<!doctype html><html lang=en><head><title>Bad</title><meta name=viewport content='width=device-width'>"
        "<link rel=stylesheet href='/bad.css'></head>"
        "<body><main><h1>Bad</h1><p class=wide>On a desk</p><p class=narrow>On a phone</p>"
        "<p style='width: 3000px'>inline style</p><svg width=3000 height=10></svg>"
        "<input type=text><img src='/nothing.png' alt=''><script src='/bad.js'></script></main></body></html>"
    )


def bad_script(request: HttpRequest) -> HttpResponse:
    return HttpResponse("console.warn('careful'); throw new Error('script broke');", content_type="text/javascript")


def bad_style(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        "@media (max-width: 720px) { .wide { display: none } } @media (min-width: 721px) { .narrow { display: none } }"
        "@media (prefers-color-scheme: dark) { .wide { color: #111; background: #000 } }"
        "@media (prefers-color-scheme: light) { .narrow { color: #eee; background: #fff } }",
        "text/css",
    )


urlpatterns = [
    *panel,
    path("broken/", broken),
    path("bad/", bad_page),
    path("bad.js", bad_script),
    path("bad.css", bad_style),
]
