"""The panel's own settings; only what it writes beside its database goes into the benchmark's folder."""

from __future__ import annotations

import os

from remoteit_admin.settings import *  # noqa: F403

AUDIT_FOLDER = os.environ["BENCHMARK_FOLDER"]
