"""Templates are written to be read: one element a line. What that adds in blanks is taken away when they are loaded."""

from __future__ import annotations

import re

from django.template import Engine, Origin
from django.template.loaders import cached, filesystem

INDENTATION = re.compile(r"\n[ \t]+")


class Collapsed(filesystem.Loader):
    """Django's loader of `TEMPLATES["DIRS"]`, without the blanks at the start of lines.

    Line breaks stay, so that an error's page shows the right line. Inside `<pre>` and `<textarea>` blanks have a
    meaning: there a template writes no line break of its own (tests/house/test_templates.py).
    """

    def get_contents(self, origin: Origin) -> str:
        return INDENTATION.sub("\n", super().get_contents(origin))


class Cached(cached.Loader):
    """Each template once: the panel's, or else an app's."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(
            engine, ["remoteit_admin.templates.Collapsed", "django.template.loaders.app_directories.Loader"]
        )
