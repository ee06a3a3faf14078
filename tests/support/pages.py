"""What a person reads on a page."""

from __future__ import annotations

import html
import re

from django.http import HttpResponse

UNSEEN = re.compile(r"(?s)<(script|style|svg|template)\b.*?</\1>|<!--.*?-->")
IN_A_LINE = re.compile(r"</?(?:a|abbr|b|bdi|code|em|i|kbd|q|span|strong|time)\b[^>]*>")
"""Elements that set nothing apart: what follows them at once is read in the same word."""
OTHER = re.compile(r"<[^>]*>")


def text_of(page: HttpResponse | str) -> str:
    """The words of a page or of its HTML, one blank between two, without tags; what CSS adds is not there."""
    source = page if isinstance(page, str) else page.content.decode()
    words = OTHER.sub(" ", IN_A_LINE.sub("", UNSEEN.sub(" ", source)))
    return " ".join(html.unescape(words).split())
