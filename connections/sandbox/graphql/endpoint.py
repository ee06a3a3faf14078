"""POST /graphql/v1 (remoteit-api reference, section 2.4). The words of refusals are invented, the vendor gives none."""

from __future__ import annotations

import json
from typing import Any

from connections.sandbox.graphql.parse import GraphQLError, parse
from connections.sandbox.graphql.run import Failure, Known, Runner
from connections.sandbox.graphql.types import Reading, types
from connections.sandbox.wire.accounts import USERNAME, Accounts
from connections.sandbox.wire.http import Request, Response
from connections.sandbox.wire.stop import Stop
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import Connection, World

CONNECTION_INCORRECT = "connectionId is incorrect"
SERVICE_INCORRECT = "serviceId is incorrect"


class GraphQL:
    def __init__(self, world: World, accounts: Accounts, settings: Settings, stop: Stop) -> None:
        self.world = world
        self.accounts = accounts
        self.stop = stop
        self.reading = Reading(world, settings)
        mutations = {
            "connect": Known(self.connect, "Connection", arguments=("hostIP", "type", "serviceId"),
                             required=("serviceId",)),
            "disconnect": Known(self.disconnect, arguments=("connectionId", "serviceId"), required=("connectionId",)),
        }  # fmt: skip
        self.runner = Runner({**types(world, settings), "Mutation": mutations}, {"LogEvent": "DeviceConnectEvent"})

    def answer(self, request: Request) -> Response:
        """Errors come with HTTP 200, wrong credentials with HTTP 403 and a bare word."""
        refusal = self.accounts.check_graphql(request)
        if refusal is not None:
            return refusal
        try:
            return reply({"data": self.run(request.json())})
        except Failure as failure:
            return reply({"errors": [{"message": str(failure)}], "data": None})
        except GraphQLError as error:
            return reply({"errors": [{"message": str(error)}]})

    def run(self, body: dict[str, Any]) -> dict[str, Any]:
        query, variables = body.get("query"), body.get("variables")
        if not isinstance(query, str):
            raise GraphQLError("Must provide query string.")
        operation = parse(query, body.get("operationName"))
        return self.runner.run(operation, variables if isinstance(variables, dict) else {})

    def connect(self, source: None, serviceId: str, **ignored: Any) -> Connection:  # noqa: N803 - the vendor's name
        """Open a connection; its id is a lower-case one, and that of its session."""
        service = self.world.service(str(serviceId))
        if service is None or not service.device.visible:
            raise Failure(SERVICE_INCORRECT)
        if service.device.state != "active":
            raise Failure("device is inactive")  # the word "inactive" is attested
        return self.world.open(service.address, USERNAME, style="lower", in_use=False)

    def disconnect(self, source: None, connectionId: str, serviceId: str | None = None) -> bool:  # noqa: N803
        connection = self.reading.find(str(connectionId))
        if connection is None:
            raise Failure(CONNECTION_INCORRECT)
        if serviceId is not None and serviceId.lower() != connection.service.address.lower():
            raise Failure(SERVICE_INCORRECT)
        if not connection.proxy:
            # When false comes is not documented; here, for what is no proxy connection.
            return False
        answer, _ = self.stop.end(connection)
        if answer == "refuse":
            raise Failure(CONNECTION_INCORRECT)
        return answer == "true"


def reply(value: dict[str, Any]) -> Response:
    return Response(200, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
