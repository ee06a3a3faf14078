from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from connections import health
from connections.admin.preferences_page import preferences

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin/preferences/", admin.site.admin_view(preferences), name="preferences"),
    path("admin/", admin.site.urls),
]
