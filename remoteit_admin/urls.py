from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from connections import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
]
