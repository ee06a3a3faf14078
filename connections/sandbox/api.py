"""The REST endpoints of /apv/v27, and the way to GraphQL (remoteit-api reference, sections 1.2, 1.3, 2 and 7)."""

from __future__ import annotations

from collections.abc import Callable

from connections.sandbox.graphql.endpoint import GraphQL
from connections.sandbox.wire import shapes
from connections.sandbox.wire.accounts import AUTHHASH, PASSWORD, USERNAME, Accounts
from connections.sandbox.wire.http import GRAPHQL_PATH, Request, Response
from connections.sandbox.wire.replies import encode, error, html, ok
from connections.sandbox.wire.stop import Stop
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.ways import Switches
from connections.sandbox.world.world import Service, World


class Api:
    def __init__(self, world: World, accounts: Accounts, settings: Settings, switches: Switches) -> None:
        self.world = world
        self.accounts = accounts
        self.settings = settings
        stop = Stop(world, settings)
        self.graphql = GraphQL(world, accounts, settings, stop, switches)
        self.with_key: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "user/login"): self.login,
            ("POST", "user/login/authhash"): self.login_authhash,
            ("POST", "user/logout"): self.logout,
        }
        self.with_session: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "device/list/all"): self.list_all,
            ("GET", "device/metadata/list/me"): self.metadata,
            ("POST", "device/connect"): self.connect,
            ("POST", "device/connect/stop"): stop.answer,
        }

    def answer(self, request: Request) -> Response:
        """Act on the request and return what the vendor would answer."""
        route = (request.method, request.path)
        if route == ("POST", GRAPHQL_PATH):
            return self.graphql.answer(request)
        if route in self.with_session:
            return self.accounts.check_session(request) or self.with_session[route](request)
        if route in self.with_key:
            return self.accounts.check_developer_key(request) or self.with_key[route](request)
        if request.method == "GET" and request.path.startswith("user/token/"):
            return self.accounts.check_developer_key(request) or self.token(request)
        return html(404, "404 Page Not Found")

    def login(self, request: Request) -> Response:
        body = request.json()
        if not body.get("username"):
            return error(401, "missing user", code="GENERAL_ERROR")
        if (body["username"], body.get("password")) != (USERNAME, PASSWORD):
            return error(401, "[0102] The username or password is invalid", code="GENERAL_ERROR")
        if self.settings.mfa != "none":
            # The code is documented, the words are invented, the vendor gives no literal.
            return error(401, "a second factor is required", code=self.settings.mfa)
        return self.session()

    def login_authhash(self, request: Request) -> Response:
        body = request.json()
        if (body.get("username"), body.get("authhash")) != (USERNAME, AUTHHASH):
            return error(401, "[0102] The username or password is invalid", code="GENERAL_ERROR")
        return self.session()

    def session(self) -> Response:
        token = self.accounts.new_token()
        self.world.on_change()
        return ok(**shapes.login(token, self.accounts.tokens[token]))

    def token(self, request: Request) -> Response:
        token = request.path.rpartition("/")[2]
        if self.accounts.token_ends(token) is None:
            return Response(200, encode({"status": "false", "message": "Auth token expired"}))
        return ok(email=USERNAME, userid=shapes.constant_guid("user"))

    def logout(self, request: Request) -> Response:
        self.accounts.tokens.pop(str(request.json().get("tok", "")), None)
        self.world.on_change()
        return ok()

    def list_all(self, request: Request) -> Response:
        rows = shapes.device_rows(self.world)
        # `length` is about the size of the list in bytes, not a count of devices (section 2.3).
        return ok(cache_expires=2, length=len(encode(rows)), cached="false", devices=rows)

    def metadata(self, request: Request) -> Response:
        services = [one for one in self.world.services.values() if one.device.visible]
        return ok(devices={one.address.lower(): shapes.metadata(one.device) for one in services})

    def connect(self, request: Request) -> Response:
        """Open a connection at once: `wait` is accepted in all its forms, for nothing takes time here."""
        body = request.json()
        address = str(body.get("deviceaddress", ""))
        service = self.world.service(address)
        if service is None:
            # Only the number is attested (section 2.1); the words are invented.
            return error(200, "[0861] no service for this address")
        if not service.device.visible:
            return error(403, f"[0405] {address} is not available for public access and is not shared with you.")
        if service.device.state != "active" or self.world.is_closed(service, USERNAME):
            return error(200, None)
        return self.opened(service, body.get("concurrent") in (True, "true"), request)

    def opened(self, service: Service, concurrent: bool, request: Request) -> Response:
        earlier = [one for one in self.world.live() if one.service is service and one.opened_by == USERNAME]
        style = "upper" if self.settings.graphql_ids == "refuse" else self.settings.id_style
        new = self.world.open(service.address, USERNAME, style=style, in_use=False)
        host_ip = str(request.json().get("hostip") or request.peer)
        shape = shapes.connection(new, host_ip, request.peer, self.world.clock.now())
        if earlier and not concurrent:
            for old in earlier:
                self.world.replace(old, new)
            shape |= {"connectionOverridden": "true", "previousConnection": shapes.proxy(earlier[-1])["proxy"]}
        return ok(connection=shape, wait=True, connectionid=new.id)
