"""What a page must not do: break its own policy, complain in the console, scroll sideways, shut people out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.skips import missing

AXE = Path(__file__).parent.parent.parent / ".venv/node/node_modules/axe-core/axe.min.js"
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (e) =>
    console.error(`policy violated: ${e.effectiveDirective} by ${e.blockedURI} in line ${e.lineNumber}`));
"""
OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "preload": False}
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
VIOLATIONS = """async (options) => (await axe.run(document, {resultTypes: ["violations"], ...options})).violations
    .map(({id, help, nodes}) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`)
"""


class Watch:
    """Listens to every page of a context from its first moment."""

    def __init__(self, context: BrowserContext) -> None:
        self.heard: list[str] = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.heard.append(f"script error: {error.error}"))

    def complaints(self, page: Page) -> list[str]:
        """What is wrong with `page` as it stands, and what was heard since the last look."""
        width, shown = page.evaluate(WIDTHS)
        found = violations(page)
        if width > shown:
            found.append(f"scrolls sideways: {width} px wide in {shown}")
        page.emulate_media(color_scheme="dark")
        # The other theme changes colours and nothing else.
        found += [f"dark: {one}" for one in violations(page, OF_COLOURS)]
        page.emulate_media(color_scheme="light")
        found, self.heard = self.heard + found, []
        return found

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not is_notice_of_status(message):
            self.heard.append(f"console {message.type}: {message.text} ({message.location.get('url')})")


def is_notice_of_status(message: ConsoleMessage) -> bool:
    """Whether this is only the browser's own word that the page itself came with a 4xx or 5xx."""
    page = message.page
    of_page = page is not None and message.location.get("url") == page.url
    return of_page and message.text.startswith("Failed to load resource: the server responded with a status of")


def violations(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """What axe-core finds wrong with the page, one line for each broken rule. `options`: of `axe.run`."""
    if not AXE.exists():
        missing("axe-core")
    if not page.evaluate("() => 'axe' in window"):
        # By the debugger, which the page's policy does not bind: a script element would be refused.
        page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(VIOLATIONS, options or {})
    return [f"axe {one}" for one in found]


def open_menus(page: Page) -> None:
    """Unfold whatever is folded, so that it is looked at, too."""
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
