"""Services of the schema, and the two mutations that switch a way to them on and off."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from connections.sandbox.graphql import events, objects
from connections.sandbox.world.clock import iso
from connections.sandbox.world.names import PEOPLE
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.ways import Switches, is_configurable, link_of, shared_with
from connections.sandbox.world.world import Service, World

SHARED_AT = 1_760_000_000
#: The words of all refusals are invented, the vendor gives no literal.
NOT_ALLOWED = "You are not allowed to do this"
NOT_CONFIGURABLE = "This service isn't remote configurable"
NOT_ACTIVE = "device is not active"
SERVICE_INCORRECT = "serviceId is incorrect"


def service(one: Service, world: World, settings: Settings) -> dict[str, Any]:
    """A service in full; what takes a search is looked up only when it is asked for."""
    link = link_of(one)
    return objects.service(one) | {
        "enabled": one.enabled,
        "online": one.is_online and one.device.state == "active",
        "state": "active" if one.is_online and one.device.state == "active" else "inactive",
        "link": None if link is None else {"enabled": link},
        "permissions": ["VIEW", "CONNECT"] if refuses(settings, "services") else ["VIEW", "CONNECT", "MANAGE"],
        "can": lambda info, permission: permission != "MANAGE" or not refuses(settings, "services"),
        "device": objects.device(one.device) | {"configurable": is_configurable(one)},
        "access": [
            {"created": iso(SHARED_AT), "scripting": False, "user": objects.user(email)} for email in shared_with(one)
        ],
        "sessions": lambda info: [objects.session(each, settings) for each in world.sessions() if each.service is one],
        "events": lambda info, **chosen: events_of(one, world, settings, chosen),
    }


def events_of(one: Service, world: World, settings: Settings, chosen: dict[str, Any]) -> dict[str, Any]:
    return events.page(world, settings, lambda each: each.service is one, **chosen)


def refuses(settings: Settings, what: str) -> bool:
    return settings.refuse_measures in (what, "all")


class Mutations:
    """`setConnectLink` and `updateService`, as far as a hold uses them."""

    def __init__(self, world: World, settings: Settings, switches: Switches) -> None:
        self.world = world
        self.settings = settings
        self.switches = switches

    def found(self, service_id: str, what: str) -> Service:
        one = self.world.service(service_id)
        if one is None or not one.device.visible:
            raise GraphQLError(SERVICE_INCORRECT)
        if refuses(self.settings, what):
            raise GraphQLError(NOT_ALLOWED)
        return one

    def set_connect_link(self, service_id: str, enabled: bool | None) -> dict[str, Any]:
        one = self.found(service_id, "links")
        self.switches.set_link(one, enabled)
        return {"enabled": link_of(one) is True}

    def update_service(self, service_id: str, enabled: bool | None) -> dict[str, Any]:
        one = self.found(service_id, "services")
        if not is_configurable(one):
            raise GraphQLError(NOT_CONFIGURABLE)
        if one.device.state != "active":
            raise GraphQLError(NOT_ACTIVE)
        self.switches.set_service(one, enabled)
        return service(one, self.world, self.settings)


def organisation(account: str, name: str) -> dict[str, Any]:
    """An organisation with its members, each under a role."""
    roles = (
        {"id": "role-operators", "name": "Operators", "access": "ALL", "permissions": ["VIEW", "CONNECT"], "tag": None},
        {
            "id": "role-plant",
            "name": "Plant 12",
            "access": "TAG",
            "permissions": ["VIEW", "CONNECT"],
            "tag": {"operator": "ANY", "values": ["plant-12"]},
        },
    )
    members = [
        {
            "created": iso(SHARED_AT),
            "role": "MEMBER",
            "user": objects.user(email),
            "customRole": roles[number % 2],
        }
        for number, email in enumerate(PEOPLE[2:8])
    ]
    return {"id": objects.user_id(name), "name": name, "members": members, "account": objects.user(account)}


def network(services: list[Service], account: str) -> dict[str, Any]:
    """A network of an account's with these services, for two people."""
    return {
        "id": f"network-{objects.user_id(account)}",
        "name": "Field service",
        "tags": [],
        "access": [{"created": iso(SHARED_AT), "user": objects.user(email)} for email in PEOPLE[8:10]],
        "connections": [
            {"service": objects.service(one), "name": one.name, "port": 33000 + number}
            for number, one in enumerate(services)
        ],
    }
