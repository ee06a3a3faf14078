"""The panel's own settings; only what it writes beside its database goes into the benchmark's folder."""

from __future__ import annotations

import os
from pathlib import Path

from remoteit_admin.settings import *  # noqa: F403
from remoteit_admin.settings import MIDDLEWARE, STORAGES

# A page is asked for in the benchmark's process, where no files are collected.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")
AUDIT_FOLDER = os.environ["BENCHMARK_FOLDER"]
DATA_FOLDER = Path(os.environ["BENCHMARK_FOLDER"])
