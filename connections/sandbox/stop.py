"""POST /device/connect/stop (remoteit-api reference, section 2.2)."""

from __future__ import annotations

from typing import Any

from .accounts import USERNAME
from .replies import error, ok
from .settings import Settings
from .wire import Request, Response
from .world import Connection, World

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
        if connection is None:
            return error(401, ID_INCORRECT)
        if connection.service.address.lower() != str(address).lower():
            return error(401, ADDRESS_INCORRECT)
        return self.stop(connection)

    def stop(self, connection: Connection) -> Response:
        state = connection.state(self.world.clock.now())
        if state == "stopped":
            return self.switched(self.settings.stopped_again, connection, ID_INCORRECT)
        if state == "expired":
            return self.switched(self.settings.expired, connection, ID_INCORRECT)
        if connection.opened_by != USERNAME and self.settings.foreign != "true":
            return self.switched(self.settings.foreign, connection, FOREIGN)
        self.world.stop(connection)
        return self.stopped(connection.id)

    def switched(self, choice: str, connection: Connection, reason: str) -> Response:
        """The answer where remote.it documents none, by the switch for this case."""
        if choice == "true":
            return self.stopped(connection.id)
        if choice == "refuse":
            return error(401, reason)
        return error(200, reason if choice == "false" else None)

    def stopped(self, connection_id: str) -> Response:
        return ok(**echo(self.settings.echo, connection_id))


def echo(key: str, connection_id: str) -> dict[str, Any]:
    return {} if key == "none" else {key: connection_id}
