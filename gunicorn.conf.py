"""gunicorn reads this file when it starts in this folder."""

from __future__ import annotations

from remoteit_admin.start import require_settings_apart

# Before there is any worker: one that can't boot says more than a line, and ends all with another code. And not in this
# process, which stays when SIGHUP has new workers read new settings and new code.
require_settings_apart()
