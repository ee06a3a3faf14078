"""wapiti as an operator, over HTTPS on loopback, behind the nginx of docs/deploy.md with a certificate of our own.

Where wapiti is installed (`pip install wapiti3` in an environment of its own; `WAPITI` names it where PATH does not).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from connections.sandbox import Sandbox
from tests.support.operators import MAKE, sign_in
from tests.support.panels import PASSWORD, Panel
from tests.web.test_proxies_in_front import nginx

WAPITI = os.environ.get("WAPITI") or shutil.which("wapiti")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(WAPITI is None, reason="wapiti is not installed: it is no part of the tests' requirements"),
]
MODULES = os.environ.get("WAPITI_MODULES") or (
    "cookieflags,crlf,csp,csrf,exec,file,http_headers,permanentxss,redirect,sql,upload,xss,xxe"
)
SIGNS_OUT = ("/admin/logout/", "/admin/sessions/", "/admin/password_change/", "/admin/login/")
SECONDS = int(os.environ.get("WAPITI_SECONDS", "180"))
"""For looking at pages. Its attacks have no limit: where one is ended, wapiti 3.2 falls over its own database."""


def test_wapiti_as_an_operator_finds_nothing(tmp_path: Path) -> None:
    found, pages = _attack(tmp_path)
    assert found == {}
    assert pages >= 30


def _attack(folder: Path) -> tuple[dict[str, list[str]], int]:
    """What wapiti found, by kind, and how many addresses it tried."""
    authority = trustme.CA()
    with Sandbox(connections=30) as remoteit:
        panel = Panel(folder, remoteit, f"sqlite:///{folder}/db.sqlite3", f"sqlite:///{folder}/queue.sqlite3")
        panel.environment |= {
            "DJANGO_SETTINGS_MODULE": "remoteit_admin.settings",
            "SECRET_KEY": "tests-only-0123456789-0123456789-0123456789",
            "USE_HTTPS": "on",
            "ALLOWED_HOSTS": "localhost",
            "TRUSTED_PROXIES": "127.0.0.1",
            "DATA_FOLDER": str(folder),
        }
        panel.manage("collectstatic", "--noinput", "--verbosity", "0")
        panel.manage("shell", "-c", MAKE.format(password=PASSWORD, people=1))
        panel.know_what_is_open()
        with (
            panel.web() as web,
            panel.worker(),
            nginx(folder, authority.issue_cert("localhost"), urlsplit(web.url).netloc) as port,
        ):
            return _wapiti(folder, f"https://localhost:{port}", authority)


def _wapiti(folder: Path, url: str, authority: trustme.CA) -> tuple[dict[str, list[str]], int]:
    authority.cert_pem.write_to_path(folder / "authority.pem")
    session = requests.Session()
    session.trust_env = False
    session.verify = str(folder / "authority.pem")
    # nginx gives the name without its port, as on 443; a form is looked at by where it came from.
    session.headers["Referer"] = "https://localhost/admin/login/"
    sign_in(url, "operator-0", session)
    cookies = "; ".join(f"{one.name}={one.value}" for one in session.cookies)
    out = folder / "wapiti.json"
    command = [str(WAPITI), "-u", f"{url}/admin/", "--scope", "folder", "-m", MODULES, "-f", "json", "-o", str(out)]
    command += ["-H", f"Cookie: {cookies}", "-H", "Referer: https://localhost/admin/", "--no-bugreport", "-v", "0"]
    command += [
        "--max-scan-time",
        str(SECONDS),
        "--max-attack-time",
        str(SECONDS // 6),
        "--verify-ssl",
        "0",
        "--flush-session",
    ]
    command += ["--store-session", str(folder / "session"), "--store-config", str(folder / "config")]
    for path in SIGNS_OUT:
        command += ["-x", f"{url}{path}", "-x", f"{url}{path}*"]
    done = subprocess.run(
        command, env={**os.environ, "HOME": str(folder)}, capture_output=True, text=True, timeout=1800, check=False
    )
    assert out.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    still = session.get(f"{url}/admin/preferences/", allow_redirects=False, timeout=60)
    assert still.status_code == 200, "it was signed out, so what came after was tried by nobody"
    report = json.loads(out.read_text())
    kinds = {**report["vulnerabilities"], **report["anomalies"]}
    found = {kind: [f"{one['path']} {one['info']}" for one in rows] for kind, rows in kinds.items() if rows}
    return found, int(report["infos"].get("crawled_pages_nbr") or 0)
