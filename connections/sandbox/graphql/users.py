"""Users of the schema: the login and the organisations that it belongs to, with what each one lists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from connections.sandbox.graphql import events
from connections.sandbox.graphql.objects import organisation_member, session, user_id
from connections.sandbox.graphql.services import network, organisation, service
from connections.sandbox.wire.accounts import USERNAME
from connections.sandbox.world.names import ORGANISATIONS
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import Connection, Happening, Service, World

IN_NETWORK = 5


def organisations(settings: Settings) -> list[str]:
    """The e-mail addresses of the organisations that the login belongs to."""
    return list(ORGANISATIONS)[: {"all": None, "first": 1, "none": 0}[settings.member_of]]


@dataclass(frozen=True)
class User:
    """The login's own account, or an organisation's: properties and methods have the names of the schema."""

    email: str
    world: World
    settings: Settings

    @property
    def id(self) -> str:
        return user_id(self.email)

    def lists(self, one: Connection | Happening | Service) -> bool:
        """Does it list this? An organisation those to its devices, the login all others that it can see."""
        owner = (one if isinstance(one, Service) else one.service).device.owner
        return owner not in ORGANISATIONS if self.email == USERNAME else owner == self.email

    def membership(self, info: object) -> list[dict[str, Any]]:
        return [organisation_member(one) for one in organisations(self.settings)] if self.email == USERNAME else []

    def account(self, info: object, id: str | None = None, email: str | None = None) -> User | None:  # noqa: A002
        """The account itself when nothing is named, one that the login is a member of, or None."""
        if not id and not email:
            return self
        for one in (USERNAME, *organisations(self.settings)):
            if id in (None, "", user_id(one)) and email in (None, "", one):
                return replace(self, email=one)
        return None

    def sessions(self, info: object) -> list[dict[str, Any]]:
        """The account's open sessions, peer-to-peer ones among them."""
        return [session(one, self.settings) for one in self.world.sessions() if self.lists(one)]

    def service(self, info: object, id: list[str] | None = None) -> list[dict[str, Any]]:  # noqa: A002
        """The services that are named, as far as the account can see them."""
        found = (self.world.service(one) for one in id or ())
        return [service(one, self.world, self.settings) for one in found if one is not None and one.device.visible]

    def organization(self, info: object) -> dict[str, Any] | None:
        name = ORGANISATIONS.get(self.email)
        return None if name is None else organisation(self.email, name)

    def networks(self, info: object) -> list[dict[str, Any]]:
        """One, with the first few services that the account lists."""
        mine = [one for one in self.world.services.values() if self.lists(one)][:IN_NETWORK]
        return [network(mine, self.email)] if mine else []

    def events(self, info: object, **chosen: Any) -> dict[str, Any]:
        return events.page(self.world, self.settings, self.lists, **chosen)
