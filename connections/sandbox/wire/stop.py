"""POST /device/connect/stop (remoteit-api reference, section 2.2)."""

from __future__ import annotations

import hashlib

from connections.sandbox.wire.accounts import USERNAME
from connections.sandbox.wire.http import Request, Response
from connections.sandbox.wire.replies import error, ok
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import Connection, World

# All these reasons are invented, the vendor gives no literal: its page says "<error message>".
ID_MISSING = "connectionid is missing"
ID_INCORRECT = "connectionid is incorrect"
ADDRESS_MISSING = "deviceaddress is missing"
ADDRESS_INCORRECT = "deviceaddress is incorrect"
FOREIGN = "connection was opened by another user"


class Stop:
    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings

    def answer(self, request: Request) -> Response:
        """Stop the connection named in the body, or say why not. Id and address match in any case of letters."""
        body = request.json()
        connection_id, address = body.get("connectionid"), body.get("deviceaddress")
        if not connection_id:
            return error(401, ID_MISSING)
        if not address:
            return error(401, ADDRESS_MISSING)
        connection = self.world.find(str(connection_id))
        if connection is None or (connection.graphql_era and self.settings.graphql_ids == "refuse"):
            return error(401, ID_INCORRECT)
        if connection.service.address.lower() != str(address).lower():
            return error(401, ADDRESS_INCORRECT)
        choice, reason = self.end(connection)
        if choice == "true":
            key = self.settings.echo
            return ok() if key == "none" else ok(**{key: connection.id})
        if choice == "refuse":
            return error(401, reason)
        return error(200, reason if choice == "false" else None)

    def end(self, connection: Connection) -> tuple[str, str]:
        """End it if it is open. Returns one of ANSWERS and a reason; where remote.it documents none, by a switch."""
        state = connection.state(self.world.clock.now())
        if state == "stopped":
            return self.settings.stopped_again, ID_INCORRECT
        if state == "expired":
            return self.settings.expired, ID_INCORRECT
        if connection.opened_by != USERNAME and self.settings.foreign != "true":
            return self.settings.foreign, FOREIGN
        self.world.stop(connection, self.back_after_s(connection))
        return "true", ""

    def back_after_s(self, connection: Connection) -> int:
        """After how many seconds its opener comes back, 0: never. It is always the same services."""
        if self.settings.stubborn:
            return self.settings.stubborn
        number = int(hashlib.sha256(connection.service.address.encode()).hexdigest(), 16)
        return self.settings.come_back_s if number % 100 < self.settings.come_back_percent else 0
