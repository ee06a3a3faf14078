"""The table of addresses, roles and methods: what the panel answers to each, as docs/access-table.md has it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROLES = ("nobody", "no role", "Viewers", "Operators", "Leads", "Auditors", "Administrators", "superuser")
METHODS = ("GET", "POST", "PUT")
"""PUT stands for every other one."""
HEAD = """# Who may call what

Every address of the panel, as nobody, as somebody in no role, as each role that comes with the panel, and as a
superuser: in each cell what GET, POST and any other method (PUT here) answer, in that order. It was measured in
a panel that has one of each thing, with the fields of a stop in each POST; API calls came with a token of that
person that has every scope. `tests/people/test_access_table.py` measures it again and compares. After a change
of addresses or rights `WRITE_ACCESS_TABLE=1 .venv/bin/python -m pytest tests/people/test_access_table.py`
writes it anew: read the difference before you commit it.

`yes`: answered to this role; what was sent may still have been refused for what it is. `no`: 403, which names
the permission that is missing. `in`: to the sign-in; in the API 401. `404`: not there for this role. `-`: no
such method. On what a role's permissions count, its scope says: [roles.md](roles.md).

"""


def sign(answer: Any) -> str:
    """How the table writes an answer of the test client. Raises AssertionError for one that says nothing of rights."""
    status = answer.status_code
    assert status < 500 and status != 429, (status, answer.request["PATH_INFO"])
    to_sign_in = status == 302 and answer["Location"].startswith("/admin/login/")
    if to_sign_in or status == 401:
        return "in"
    if status == 405:
        return "-"
    if status in (403, 404):
        return "no" if status == 403 else "404"
    return "yes"


def written(measured: Mapping[str, Mapping[str, Iterable[str]]]) -> str:
    """The document: `measured` has for each address and role a sign for each of METHODS."""
    lines = [f"| Address | {' | '.join(ROLES)} |", f"| --- |{' --- |' * len(ROLES)}"]
    for address in sorted(measured):
        cells = (" ".join(measured[address][role]) for role in ROLES)
        lines.append(f"| `{address.replace('|', '/')}` | {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n"


def read(text: str) -> dict[str, dict[str, list[str]]]:
    """What `written` wrote."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for line in text.splitlines():
        if line.startswith("| `"):
            address, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            found[address.strip("`")] = {role: cell.split() for role, cell in zip(ROLES, cells, strict=True)}
    return dict(found)
