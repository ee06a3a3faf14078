"""The documentation as a site: what is written by hand, and a page for each thing that the code knows by itself.

`python docs/site/generate.py FOLDER` writes the pages and `mkdocs.yml` into FOLDER; `make docs` builds them, strictly.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BY_HAND = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
    "client/README.md": "client.md",
    **{f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.md"))},
}
"""What is written by hand: its place in the repository, and in the site."""
FILES = ("openapi.json", "line-schemas.json", "screenshots")
FIRST = ("index.md", "screens.md", "deploy.md", "upgrade.md", "roles.md", "holds.md", "audit.md", "client.md")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| (?P<names>`[A-Z][^|]*`) \| (?P<default>(?:\\\||[^|])*) \| (?P<does>(?:\\\||[^|])*) \|$", re.M)
CONFIG = {
    "site_name": "remoteit-admin",
    "site_description": "See every live remote.it connection, stop one or ten thousand, and prove what became of each",
    "docs_dir": "pages",
    "site_dir": "site",
    "use_directory_urls": False,
    "strict": True,
    "theme": {
        "name": "material",
        "font": False,
        "features": ["navigation.indexes", "navigation.top", "content.code.copy", "search.highlight"],
        "palette": [
            {"media": "(prefers-color-scheme: light)", "scheme": "default", "primary": "indigo"},
            {"media": "(prefers-color-scheme: dark)", "scheme": "slate", "primary": "indigo"},
        ],
    },
    "plugins": ["search", "offline"],
    "extra": {"polyfills": ["iframe-worker.js"]},  # else the plugin names one at another host
    "markdown_extensions": ["tables", "attr_list", "toc", "pymdownx.superfences"],
    "validation": {"nav": {"omitted_files": "warn"}, "links": {"anchors": "warn", "unrecognized_links": "warn"}},
}


class Site:
    """The pages below `folder`, and the way to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nav: list[dict[str, Any]] = []

    def write(self, name: str, text: str) -> None:
        path = self.folder / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def section(self, title: str, folder: str, lead: str, pages: dict[str, tuple[str, str]]) -> None:
        """A folder with a page for each of `pages`: by its name its heading and its text."""
        rows = "\n".join(f"- [{heading}]({name}.md)" for name, (heading, _text) in pages.items())
        self.write(f"{folder}/index.md", f"# {title}\n\n{lead}\n\n{rows}\n")
        for name, (heading, text) in pages.items():
            self.write(f"{folder}/{name}.md", f"# {heading}\n\n{text.strip()}\n")
        ways = [{heading: f"{folder}/{name}.md"} for name, (heading, _text) in pages.items()]
        self.nav.append({title: [f"{folder}/index.md", *ways]})


def by_hand(site: Site) -> None:
    for source, name in BY_HAND.items():
        site.write(name, linked(source, (ROOT / source).read_text(encoding="utf-8")))
    for name in FILES:
        found, target = ROOT / "docs" / name, site.folder / "pages" / name
        shutil.copytree(found, target) if found.is_dir() else shutil.copyfile(found, target)
    shutil.copyfile(Path(__file__).with_name("iframe-worker.js"), site.folder / "pages/iframe-worker.js")
    rest = sorted(set(BY_HAND.values()) - set(FIRST))
    site.nav += [_named(name) for name in FIRST]
    site.nav.append({"More": [_named(name) for name in rest]})


def linked(source: str, text: str) -> str:
    """`text` with its links as they are in the site; what is no page of it is named, and no link."""

    def at(found: re.Match[str]) -> str:
        sign, label, target = found.groups()
        path, hash_sign, anchor = target.partition("#")
        if "://" in target or not path:
            return found[0]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        here = posixpath.dirname(BY_HAND[source])
        if place in BY_HAND:
            return f"{sign}[{label}]({posixpath.relpath(BY_HAND[place], here or '.')}{hash_sign}{anchor})"
        if place.startswith("docs/") and place.split("/")[1] in FILES:
            return f"{sign}[{label}]({posixpath.relpath(place.removeprefix('docs/'), here or '.')})"
        return f"{label} (`{place}`)"

    return LINK.sub(at, text)


def errors(site: Site) -> None:
    from connections.api.problems import KINDS

    pages = {
        code: (code, f"**{kind.title}** (status {kind.status})\n\n{kind.help}") for code, kind in sorted(KINDS.items())
    }
    lead = (
        "Each answer that is a problem has one of these as its `code`; its `type` leads to the same words in the panel."
    )
    site.section("Error codes", "errors", lead, pages)


def alerts(site: Site) -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    told = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (ROOT / "docs/alerts.md").read_text(), re.M | re.S))
    pages = {}
    for rule in rules:
        name, rows = rule["alert"], rule["annotations"]["summary"].replace("{{", "{ {")
        text = f"{rows}\n\n{told[name].strip()}\n\nSeverity: {rule['labels']['severity']}. It fires when this holds"
        text += f" for {rule['for']}:" if "for" in rule else ":"
        pages[name] = (name, f"{text}\n\n```\n{rule['expr']}\n```")
    site.section("Alerts", "alert", "The rules are in `deploy/prometheus/alerts.yml`; what to do about each:", pages)


def commands(site: Site) -> None:
    from django.core.management import load_command_class

    names = sorted(path.stem for path in (ROOT / "connections/management/commands").glob("[a-z]*.py"))
    pages = {}
    for name in names:
        parser = load_command_class("connections", name).create_parser("manage.py", name)
        pages[name] = (name, f"```\n{parser.format_help().strip()}\n```")
    site.section("Commands", "commands", "`python manage.py COMMAND`; each explains itself with `--help`.", pages)


def settings(site: Site) -> None:
    pages = {}
    for row in ROW.finditer((ROOT / "README.md").read_text(encoding="utf-8")):
        text = (
            linked("README.md", f"{row['does']}\n\nDefault: {row['default']}")
            .replace("](", "](../")
            .replace("\\|", "|")
        )
        for name in re.findall(r"`([A-Z0-9_]+)`", row["names"]):
            pages[name] = (name, text)
    lead = "From the environment or `.env`; the environment wins."
    site.section("Settings", "settings", lead, dict(sorted(pages.items())))


def routes(site: Site) -> None:
    from connections.api.description import description

    schema = description()
    pages = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            said = operation.get("description", "").removeprefix(operation["summary"]).lstrip(". ")
            lines = [f"**{operation['summary']}**", "", said, ""]
            if scope := operation.get("x-scope"):
                lines += [f"Scope: `{scope}`", ""]
            lines += [*_table("Parameter", _parameters(operation)), *_table("Field", _fields(schema, operation))]
            statuses = ", ".join(f"`{status}`" for status in sorted(map(str, operation["responses"])))
            lines += [f"Answers with {statuses}. What is none is one of the [error codes](../errors/index.md)."]
            pages[operation["operationId"]] = (f"{method.upper()} {path}", "\n".join(lines))
    lead = "Generated from [openapi.json](../openapi.json)."
    site.section("API", "api", lead, pages)


def _parameters(operation: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in operation.get("parameters", ()):
        yield one["name"], "yes" if one.get("required") else "no", f"in the {one['in']}"


def _fields(schema: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    found = schema["components"]["schemas"].get(str(body.get("$ref", "")).rpartition("/")[2], {})
    for name, field in found.get("properties", {}).items():
        kinds = {str(one.get("type", "")) for one in field.get("anyOf", [field])} - {""}
        yield name, "yes" if name in found.get("required", ()) else "no", " or ".join(sorted(kinds))


def _table(head: str, rows: Iterator[tuple[str, str, str]]) -> list[str]:
    lines = [f"| `{name}` | {required} | {what} |" for name, required, what in rows]
    return [f"| {head} | Required | |", "|---|---|---|", *lines, ""] if lines else []


def _named(name: str) -> dict[str, str]:
    source = next(source for source, page in BY_HAND.items() if page == name)
    heading = re.search(r"^# (.+)$", (ROOT / source).read_text(encoding="utf-8"), re.M)
    return {heading[1] if heading else name: name}


def main() -> None:
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    os.environ["COLUMNS"] = "100"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "remoteit_admin.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    site = Site(folder)
    for part in (by_hand, commands, settings, routes, errors, alerts):
        part(site)
    (folder / "mkdocs.yml").write_text(yaml.safe_dump({**CONFIG, "nav": site.nav}, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
