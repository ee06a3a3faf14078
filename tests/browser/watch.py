"""What a page must not do: break its own policy, complain in the console, scroll sideways, shut people out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

from tests.browser.chromium import look
from tests.support.skips import missing

AXE = Path(__file__).parent.parent.parent / ".venv/node/node_modules/axe-core/axe.min.js"
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (e) =>
    console.error(`policy violated: ${e.effectiveDirective} by ${e.blockedURI} in line ${e.lineNumber}`));
"""
ALL: dict[str, Any] = {}
NEW_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "onlyHere": True}
"""The colours of what this size shows and the other does not."""
BUT_RELOADING = {"rules": {"meta-refresh": {"enabled": False}}}
"""A run that is going on loads itself again: docs/why.md says why."""
Look = tuple[str, str, dict[str, Any] | None]
"""A size, a theme, and which rules of axe-core: options of `axe.run`, None for none."""
LOOKS: tuple[Look, ...] = (
    ("desktop", "light", ALL),
    ("phone", "dark", ALL),
    ("phone", "light", NEW_COLOURS),
    ("desktop", "dark", NEW_COLOURS),
)
"""Every rule once in each size and each theme; what stands in one size alone has its colours looked at in both."""
LOOKS_UNSCRIPTED: tuple[Look, ...] = (("desktop", "light", BUT_RELOADING), ("phone", "light", None))
"""Without JavaScript the themes are the same, and other parts of the page stand in both sizes."""
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
FIND_WRONG = """async ({size, onlyHere, ...options}) => {
    const visible = new Set(Array.from(document.body.querySelectorAll("*")).filter((one) => one.checkVisibility()));
    const sizes = window.visibleIn ??= {};
    sizes[size] = visible;
    const others = Object.entries(sizes).filter(([name]) => name !== size).map(([, there]) => there);
    const here = Array.from(visible).filter((one) => !others.some((there) => there.has(one)));
    if (onlyHere && !here.length) return [];
    // Without script a page's timers stand still; what axe-core puts off may as well come at once.
    const later = window.setTimeout;
    window.setTimeout = (act, ms, ...more) => (ms ? later(act, ms, ...more) : void Promise.resolve().then(act));
    const wanted = {resultTypes: ["violations"], preload: false, elementRef: false, iframes: false, ...options};
    const found = await axe.run(onlyHere ? {include: here} : document, wanted);
    window.setTimeout = later;
    return found.violations.map(({id, help, nodes}) =>
        `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`);
}"""


class Watch:
    """Listens to every page of a context from its first moment. `answers`: the statuses of the pages themselves."""

    def __init__(self, context: BrowserContext, looks: tuple[Look, ...] = LOOKS) -> None:
        self.looks = looks
        self.heard: list[str] = []
        self.answers: list[int] = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.heard.append(f"script error: {error.error}"))
        context.on("response", self._on_response)

    def complaints(self, page: Page) -> list[str]:
        """What is wrong with `page` as it stands, in each size and theme, and what was heard since the last look."""
        found = []
        for size, theme, rules in self.looks:
            look(page, size, theme)
            wrong = [] if rules is None else violations(page, {"size": size, **rules})
            width, shown = page.evaluate(WIDTHS)
            if width > shown:
                wrong.append(f"scrolls sideways: {width} px wide in {shown}")
            found += [f"{size}, {theme}: {one}" for one in wrong]
        look(page, "desktop", "light")
        found, self.heard = self.heard + found, []
        return found

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not is_notice_of_status(message):
            self.heard.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _on_response(self, response: Response) -> None:
        request = response.request
        if request.is_navigation_request() and request.frame.parent_frame is None:
            self.answers.append(response.status)


def is_notice_of_status(message: ConsoleMessage) -> bool:
    """Whether this is only the browser's own word that the page itself came with a 4xx or 5xx."""
    page = message.page
    of_page = page is not None and message.location.get("url") == page.url
    return of_page and message.text.startswith("Failed to load resource: the server responded with a status of")


def violations(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe-core finds wrong with the page, one line for each broken rule. `options`: of `axe.run`, and `size`."""
    if not AXE.exists():
        missing("axe-core")
    if not page.evaluate("() => 'axe' in window"):
        # By the debugger, which the page's policy does not bind: a script element would be refused.
        page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(FIND_WRONG, options)
    return [f"axe {one}" for one in found]
