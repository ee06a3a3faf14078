"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from remoteit_admin.start import keep_private, require_every_letter, require_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "remoteit_admin.settings")

keep_private()
# gunicorn's Arbiter.WORKER_BOOT_ERROR: after any other code it would start one worker after the other for ever.
require_settings(exit_code=3)
application = get_wsgi_application()
require_every_letter(exit_code=3)
