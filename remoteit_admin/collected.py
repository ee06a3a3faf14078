"""Whether the static files of this version were collected: without them every page is an error."""

from __future__ import annotations

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import storages


def why_not() -> str:
    """The line that says what to do about it; "" when each file that a page may name is there.

    With DEBUG, and in a storage that keeps no list of its files, pages name them without looking.
    """
    if settings.DEBUG:
        return ""
    try:
        # Anew: the one that pages use reads its list once.
        storage = storages.create_storage(settings.STORAGES["staticfiles"])
        collected = getattr(storage, "hashed_files", None)
    except ValueError:
        collected = {}  # its list can't be read
    if collected is None:
        return ""
    ignored = StaticFilesConfig.ignore_patterns
    if all(path in collected for finder in get_finders() for path, _of in finder.list(ignored)):
        return ""
    return (
        f"The static files of this version are not in {settings.STATIC_ROOT}: run `python manage.py collectstatic`. "
        "Without them no page can be shown."
    )
