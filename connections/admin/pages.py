"""The base of admin classes with pages of their own: views are functions, and a table says where each stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.urls import URLPattern, path

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest, HttpResponseBase


@dataclass(frozen=True)
class Page:
    """A page below its model's address: `route` as `django.urls.path` takes it, `name` after "app_model_"."""

    route: str
    name: str
    view: Callable[..., HttpResponseBase]


class PagedAdmin(admin.ModelAdmin):
    """Serves `pages`, to who is signed in, before Django's own."""

    pages: tuple[Page, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        model = f"{self.opts.app_label}_{self.opts.model_name}"
        served = [
            path(page.route, self.admin_site.admin_view(page.view), name=f"{model}_{page.name}") for page in self.pages
        ]
        return [*served, *super().get_urls()]


def page_context(request: HttpRequest, model: type[Model], **shown: Any) -> dict[str, Any]:
    """What every page of the admin is given, what pages of `model` are, and what this one shows."""
    return {**admin.site.each_context(request), "opts": model._meta, **shown}
