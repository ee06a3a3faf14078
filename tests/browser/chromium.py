"""Which Chromium the tests drive, and how it looks at a page."""

from __future__ import annotations

import os
import shutil
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the panel: no other traffic, and no sandbox of its own, which containers don't allow.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1360, "height": 850}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


def installed() -> str | None:
    """The path of this machine's own Chromium, or None. `.ci/setup` asks here, too, whether it has to install one."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def launch_arguments(playwright_own: str) -> dict[str, Any] | None:
    """Arguments for Playwright's `launch`, or None when there is no Chromium. `playwright_own`: where its own would be.

    The machine's comes first: it is what `.ci/setup` installs.
    """
    if program := installed():
        return {"executable_path": program, "args": [*FLAGS]}
    return {"args": [*FLAGS]} if os.path.exists(playwright_own) else None


def context_arguments(size: str = "desktop", theme: str = "light") -> dict[str, Any]:
    """Arguments for a browser's `new_context`: one of SIZES, and the system's theme, `light` or `dark`."""
    return {**SIZES[size], "color_scheme": theme, "reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC"}


_emulations: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()
"""What a session emulates ends with the session."""


def look(page: Page, size: str, theme: str) -> None:
    """Have an open page stand in another of SIZES and another theme. What makes Chromium a phone takes no new page."""
    device = SIZES[size]
    phone = device.get("is_mobile", False)
    if page not in _emulations:
        _emulations[page] = page.context.new_cdp_session(page)
    session = _emulations[page]
    session.send("Emulation.setDeviceMetricsOverride", {**device["viewport"], "deviceScaleFactor": 1, "mobile": phone})
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": phone})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
