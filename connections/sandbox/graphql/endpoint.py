"""POST /graphql/v1 (remoteit-api reference, section 2.4). The words of refusals are invented, the vendor gives none."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from connections.sandbox.graphql.objects import connection
from connections.sandbox.graphql.services import SERVICE_INCORRECT, Mutations
from connections.sandbox.graphql.users import User
from connections.sandbox.wire.accounts import USERNAME, Accounts
from connections.sandbox.wire.http import Request, Response
from connections.sandbox.wire.replies import graphql
from connections.sandbox.wire.stop import Stop
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.ways import Switches
from connections.sandbox.world.world import Connection, World

CONNECTION_INCORRECT = "connectionId is incorrect"
SCHEMA_TEXT = Path(__file__).with_name("schema.graphql").read_text()
SCHEMA = build_schema(SCHEMA_TEXT)


@cache
def schema_without(field: str) -> GraphQLSchema:
    """The schema as an older or a newer remote.it might have it: without one field; "none" lacks none."""
    if field == "none":
        return SCHEMA
    # A field begins its line, and its arguments may go on over the next ones.
    return build_schema(re.sub(rf"^  {field}(\([^)]*\))?:.*\n", "", SCHEMA_TEXT, flags=re.MULTILINE))


class GraphQL:
    """The root of every query and mutation: its methods have the names and arguments of the schema."""

    version = "sandbox"

    def __init__(self, world: World, accounts: Accounts, settings: Settings, stop: Stop, switches: Switches) -> None:
        self.world = world
        self.accounts = accounts
        self.settings = settings
        self.stop = stop
        self.mutations = Mutations(world, settings, switches)

    def answer(self, request: Request) -> Response:
        """Errors come with HTTP 200, wrong credentials with HTTP 403 and a bare word."""
        return self.accounts.check_graphql(request) or graphql(self.run(request.json()))

    def run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Run the operation in `body`. Returns `data`, or `errors` with messages alone, as clients have seen them."""
        variables = body.get("variables")
        result = graphql_sync(
            schema_without(self.settings.schema_lacks),
            str(body.get("query") or ""),
            root_value=self,
            variable_values=variables if isinstance(variables, dict) else None,
            operation_name=body.get("operationName") or None,
        )
        errors = [{"message": error.message} for error in result.errors or ()]
        return ({"errors": errors} if errors else {}) | ({} if result.data is None else {"data": result.data})

    def login(self, info: object) -> User:
        return User(USERNAME, self.world, self.settings)

    def connect(self, info: object, serviceId: str, **ignored: str) -> dict[str, Any]:  # noqa: N803
        """Open a connection; its id is a lower-case one, and that of its session."""
        service = self.world.service(serviceId)
        if service is None or not service.device.visible:
            raise GraphQLError(SERVICE_INCORRECT)
        if service.device.state != "active" or self.world.is_closed(service, USERNAME):
            raise GraphQLError("device is inactive")  # the word "inactive" is attested
        opened = self.world.open(service.address, USERNAME, style="lower", in_use=False)
        return connection(opened, self.settings)

    def disconnect(self, info: object, connectionId: str, serviceId: str | None = None) -> bool:  # noqa: N803
        found = self.find(connectionId)
        if found is None:
            raise GraphQLError(CONNECTION_INCORRECT)
        if serviceId is not None and serviceId.lower() != found.service.address.lower():
            raise GraphQLError(SERVICE_INCORRECT)
        if not found.proxy:
            # When false comes is not documented; here, for what is no proxy connection.
            return False
        answer, _ = self.stop.end(found)
        if answer == "refuse":
            raise GraphQLError(CONNECTION_INCORRECT)
        return answer == "true"

    def setConnectLink(self, info: object, serviceId: str, **values: Any) -> dict[str, Any]:  # noqa: N802, N803
        return self.mutations.set_connect_link(serviceId, values.get("enabled"))

    def updateService(self, info: object, **values: Any) -> dict[str, Any]:  # noqa: N802
        return self.mutations.update_service(values["id"], values.get("enabled"))

    def find(self, session_id: str) -> Connection | None:
        """The connection with this connection id, or with this id in the list of sessions."""
        found = self.world.find(session_id) or self.world.peers.get(session_id.lower())
        if found is not None or self.settings.session_ids != "own":
            return found
        wanted = session_id.upper()
        return next((one for one in self.world.connections.values() if one.session_id == wanted), None)
