"""The proxies of docs/deploy.md in front of the panel: started as the page has them, but for paths, ports and names."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import trustme
from requests.adapters import HTTPAdapter

from connections.sandbox import Sandbox
from remoteit_admin.inbox import SMALL_BODY
from tests.support.commands import ROOT
from tests.support.panels import PASSWORD, Panel, Web
from tests.support.servers import Server, answers, free_port
from tests.support.skips import installed

pytestmark = [pytest.mark.slow, pytest.mark.once]
HOST = "panel.example"
PROXY, CLIENT, GUESSER, FLOOD = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
LOGIN, IMPORT = "/admin/login/", "/admin/connections/connection/import/"
FILE = b"device_address,connection_id\n80:00:00:00:01:00:40:C5,A481EBED-C678-4DA4-60D2-60F1FE8EB5DA\n" + b"\n" * 2**22
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
STYLES = re.compile(r'href="(/static/[^"]+\.css)"')
QUIET_S = 1.0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Panel, Web]]:
    """As on a server: its own settings, behind a proxy on the same machine."""
    folder = tmp_path_factory.mktemp("panel")
    with Sandbox(connections=1) as remoteit:
        panel = Panel(folder, remoteit, f"sqlite:///{folder}/db.sqlite3", f"sqlite:///{folder}/queue.sqlite3")
        panel.environment |= {
            "DJANGO_SETTINGS_MODULE": "remoteit_admin.settings",
            "SECRET_KEY": "tests-only-0123456789-0123456789-0123456789",
            "USE_HTTPS": "on",
            "ALLOWED_HOSTS": HOST,
            "TRUSTED_PROXIES": PROXY,
            "DATA_FOLDER": str(folder),
        }
        panel.manage("collectstatic", "--noinput", "--verbosity", "0")
        # Of those settings' hashes, which cost more than those of the tests.
        panel.manage("createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com")
        with panel.web() as web:
            yield panel, web


def example(language: str, certificate: trustme.LeafCert, folder: Path, upstream: str, **renamed: str) -> str:
    """The page's example in `language`, in front of `upstream`, with a certificate that lies in `folder`."""
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / "docs/deploy.md").read_text(), re.DOTALL | re.MULTILINE
    )
    chain, key = folder / "chain.pem", folder / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    names = {
        "/etc/ssl/panel.example.pem": str(chain),
        "/etc/ssl/panel.example.key": str(key),
        "127.0.0.1:8000": upstream,
        **renamed,
    }
    for name, ours in names.items():
        assert name in found, f"{name} is not in the example"
        found = found.replace(name, ours)
    return found


@contextlib.contextmanager
def nginx(folder: Path, certificate: trustme.LeafCert, upstream: str) -> Iterator[int]:
    """Yields the port on which it speaks HTTPS."""
    port = free_port()
    renamed = {"listen 443 ssl": f"listen 127.0.0.1:{port} ssl"}
    (folder / "site.conf").write_text(example("nginx", certificate, folder, upstream, **renamed))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"{'user root;' if os.getuid() == 0 else ''} daemon off; pid {folder}/pid; events {{}}"
        f"http {{ access_log off; {folders} include {folder}/site.conf; }}"
    )
    command = [installed("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with Server(command, folder, signal.SIGTERM, lambda: answers(port)):
        yield port


@contextlib.contextmanager
def caddy(folder: Path, certificate: trustme.LeafCert, upstream: str) -> Iterator[int]:
    """Yields the port on which it speaks HTTPS."""
    port = free_port()
    ours = f"{{\n    admin off\n    auto_https disable_redirects\n    https_port {port}\n"
    config = folder / "Caddyfile"
    found = example("caddyfile", certificate, folder, upstream)
    assert found.startswith("{\n")
    config.write_text(found.replace("{\n", ours, 1))
    program = installed("caddy")
    command = ["env", f"XDG_DATA_HOME={folder}", f"XDG_CONFIG_HOME={folder}", program, "run", "--config", str(config)]
    with Server(command, folder, signal.SIGTERM, lambda: answers(port)):
        yield port


PROXIES: dict[str, Callable[..., Any]] = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module", params=PROXIES)
def port(
    request: pytest.FixtureRequest,
    panel: tuple[Panel, Web],
    authority: trustme.CA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    """That of each proxy in front of the panel."""
    folder = tmp_path_factory.mktemp(request.param)
    with PROXIES[request.param](folder, authority.issue_cert(HOST), urlsplit(panel[1].url).netloc) as port:
        yield port


class FromAddress(HTTPAdapter):
    """Connects from `address` to whatever the URL says, which has to show a certificate for HOST."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(
            *args, source_address=(self.address, 0), server_hostname=HOST, assert_hostname=HOST, **kwargs
        )


@pytest.fixture
def visit(port: int, authority: trustme.CA, tmp_path: Path) -> Callable[[str], Browser]:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return lambda address: Browser(f"https://127.0.0.1:{port}", address, tmp_path / "authority.pem")


class Browser:
    """A browser at `address` that looks for HOST at `url`."""

    def __init__(self, url: str, address: str, authority: Path) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.mount("https://", FromAddress(address))
        self.session.headers.update({"Host": HOST, "Referer": f"https://{HOST}{LOGIN}"})
        self.session.trust_env = False  # REQUESTS_CA_BUNDLE would win
        self.session.verify = str(authority)
        self.token = ""

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", timeout=60)

    def sign_in(self, password: str) -> requests.Response:
        if not self.token:
            (self.token,) = TOKEN.findall(self.get(LOGIN).text)
        return self.post(LOGIN, username="root", password=password)

    def post(self, path: str, file: bytes = b"", **form: str) -> requests.Response:
        form["csrfmiddlewaretoken"] = self.token
        files = {"file": ("kiosks.csv", file)} if file else None
        return self.session.post(f"{self.url}{path}", form, files=files, timeout=60, allow_redirects=False)


def test_who_signs_in_is_known_by_their_own_address(visit: Callable[[str], Browser], panel: tuple[Panel, Web]) -> None:
    before = len(panel[0].history())
    browser = visit(CLIENT)
    answer = browser.sign_in(PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert browser.get("/admin/").status_code == 200
    told = [line for line in panel[0].history()[before:] if line["action"].startswith("user.")]
    assert [(line["action"], line["client_ip"]) for line in told] == [("user.signed_in", CLIENT)]


def test_static_files_come_through_it_and_may_be_kept(visit: Callable[[str], Browser]) -> None:
    browser = visit(CLIENT)
    styles = STYLES.findall(browser.get(LOGIN).text)
    assert styles
    for path in styles:
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, 'text/css; charset="utf-8"')
        assert "immutable" in answer.headers["Cache-Control"]


def test_plain_http_is_no_way_in(visit: Callable[[str], Browser], port: int) -> None:
    assert visit(CLIENT).get(LOGIN).headers["Strict-Transport-Security"]
    answer = requests.get(f"http://127.0.0.1:{port}{LOGIN}", headers={"Host": HOST}, timeout=60)
    assert answer.status_code == 400


def test_who_guesses_has_to_wait_and_nobody_else(visit: Callable[[str], Browser]) -> None:
    """By the panel's own brakes, which count the address that the proxy tells."""
    guesser = visit(GUESSER)
    guesses = (guesser.sign_in("wrong") for _ in range(10))
    waits = [guess.headers["Retry-After"] for guess in guesses if guess.status_code == 429]
    assert waits
    assert visit(CLIENT).sign_in(PASSWORD).status_code == 302


@pytest.mark.parametrize("port", ["nginx"], indirect=True)
def test_nginx_answers_a_flood_of_sign_ins_itself(visit: Callable[[str], Browser]) -> None:
    flood = [visit(FLOOD).get(LOGIN) for _ in range(20)]
    assert {answer.status_code for answer in flood} == {200, 429}
    assert all("<center>nginx" in answer.text for answer in flood if answer.status_code == 429)
    assert visit(CLIENT).get(LOGIN).status_code == 200


def test_a_file_comes_through_it_from_who_is_signed_in_alone(visit: Callable[[str], Browser]) -> None:
    browser = visit(CLIENT)
    stranger = browser.post(IMPORT, file=FILE[: 2 * SMALL_BODY])
    assert (stranger.status_code, stranger.text[:14]) == (413, "Sign in first:")
    assert browser.sign_in(PASSWORD).status_code == 302
    (browser.token, *_) = TOKEN.findall(browser.get(IMPORT).text)
    answer = browser.post(IMPORT, file=FILE)
    assert (answer.status_code, answer.headers["Location"].startswith(IMPORT)) == (302, True)


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_slow_request_does_not_reach_the_panel_until_it_is_whole(
    proxy: str, authority: trustme.CA, tmp_path: Path
) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    head = f"POST {LOGIN} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 20\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        upstream.settimeout(QUIET_S)
        address = f"127.0.0.1:{upstream.getsockname()[1]}"
        with PROXIES[proxy](tmp_path, authority.issue_cert(HOST), address) as port:
            plain = socket.create_connection(("127.0.0.1", port))
            with context.wrap_socket(plain, server_hostname=HOST) as client:
                for part in (head[:10], head[10:], b"a" * 19):
                    client.sendall(part)
                    with pytest.raises(TimeoutError):
                        upstream.accept()
                client.sendall(b"a")
                asked, _ = upstream.accept()
                with asked:
                    asked.settimeout(30)
                    received = b""
                    while not received.endswith(b"a" * 20):
                        received += asked.recv(10_000)
                    asked.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
