"""Who can reach a service: shares, roles, networks, owner; and whether this login may change anything about it.

Source: the vendor's schema, ``Service``, ``Organization``, ``Network``. What a role lets somebody do is named there;
how the ways add up is not documented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connections.remoteit.documents import Document
from connections.remoteit.services import Service, service_of
from connections.remoteit.wire.replies import storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connections.remoteit.asking import Told
    from connections.remoteit.client import Client


@dataclass(frozen=True)
class Share:
    """Somebody who has a device or service as a guest. ``since``: the API's own text, ISO 8601, or ""."""

    email: str
    since: str


@dataclass(frozen=True)
class Ways:
    """What the API says of the ways to one service. None where it did not say."""

    service: Service
    may_manage: bool | None
    configurable: bool | None
    owner: str
    shares: tuple[Share, ...] | None


@dataclass(frozen=True)
class Member:
    """A member of an organisation; ``reach`` is ALL, TAG or NONE, ``tags`` those of a role by tag."""

    email: str
    since: str
    role: str
    reach: str
    may_connect: bool
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """A network with a service in it, or with tags that may match one."""

    name: str
    people: tuple[str, ...]
    services: frozenset[str]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class WaysRead:
    """One reading of the ways. ``why_not`` says of each part why it could not be read: services, members, networks."""

    services: dict[str, Ways] = field(default_factory=dict)
    members: tuple[Member, ...] | None = None
    networks: tuple[Network, ...] | None = None
    login: str = ""
    why_not: dict[str, str] = field(default_factory=dict)


def read_ways(client: Client, account: str, addresses: Sequence[str]) -> WaysRead:
    """Read the ways to some services of ``account``, the id of a login or an organisation; "" is the login's own.

    Three calls. Raises nothing for what the network or the API does.
    """
    services, login, why = read_services_of(client, account, addresses)
    why_not = {"services": why} if why else {}
    members = networks = None
    if account:
        told = client.ask(Document.ORGANISATION_OF, {"account": account})
        organisation = _account(told).get("organization")
        members = () if organisation is None and not told.problem else _members(organisation)
        if members is None:
            why_not["members"] = told.problem or "the account is no organisation, or hides its members"
    told = client.ask(Document.NETWORKS_OF if account else Document.NETWORKS, {"account": account} if account else {})
    networks = _networks((_account(told) if account else _login(told)).get("networks"))
    if networks is None:
        why_not["networks"] = told.problem or "the answer has no list of networks"
    return WaysRead(services, members, networks, login, why_not)


def read_services_of(client: Client, account: str, addresses: Sequence[str]) -> tuple[dict[str, Ways], str, str]:
    """The services in full by lower-case address, the login's e-mail address, and why they could not be read."""
    variables: dict[str, Any] = {"ids": list(addresses)}
    if account:
        variables["account"] = account
    told = client.ask(Document.WAYS_OF if account else Document.WAYS, variables)
    rows = (_account(told) if account else _login(told)).get("service")
    login = storable(str(_login(told).get("email") or ""))
    if told.problem or not isinstance(rows, list):
        return {}, login, told.problem or "the answer has no list of services"
    found = {}
    for row in rows:
        service = service_of(row, account)
        if service is not None:
            found[service.address.lower()] = _ways(service, row)
    return found, login, ""


def _ways(service: Service, row: dict[str, Any]) -> Ways:
    device = row.get("device")
    configurable = device.get("configurable") if isinstance(device, dict) else None
    may = row.get("can")
    access = row.get("access")
    shares = None
    if isinstance(access, list):
        shares = tuple(Share(_email(one), _text(one, "created")) for one in access if isinstance(one, dict))
    return Ways(
        service,
        may if isinstance(may, bool) else None,
        configurable if isinstance(configurable, bool) else None,
        _text(row.get("owner"), "email"),
        shares,
    )


def _members(organisation: Any) -> tuple[Member, ...] | None:
    rows = organisation.get("members") if isinstance(organisation, dict) else None
    if not isinstance(rows, list):
        return None
    return tuple(_member(row) for row in rows if isinstance(row, dict))


def _member(row: dict[str, Any]) -> Member:
    role = row.get("customRole")
    role = role if isinstance(role, dict) else {}
    tag = role.get("tag")
    values = tag.get("values") if isinstance(tag, dict) else None
    permissions = role.get("permissions")
    return Member(
        _email(row),
        _text(row, "created"),
        _text(role, "name") or _text(row, "role"),
        _text(role, "access") or "ALL",
        # A role without a list of permissions is one of the vendor's own: it connects.
        not isinstance(permissions, list) or "CONNECT" in permissions,
        tuple(storable(str(one)) for one in values) if isinstance(values, list) else (),
    )


def _networks(rows: Any) -> tuple[Network, ...] | None:
    if not isinstance(rows, list):
        return None
    return tuple(_network(row) for row in rows if isinstance(row, dict))


def _network(row: dict[str, Any]) -> Network:
    connected = (one.get("service") for one in _rows(row, "connections"))
    return Network(
        _text(row, "name"),
        tuple(_email(one) for one in _rows(row, "access")),
        frozenset(_text(one, "id").lower() for one in connected),
        tuple(_text(one, "name") for one in _rows(row, "tags")),
    )


def _rows(value: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    rows = value.get(name)
    return (one for one in (rows if isinstance(rows, list) else ()) if isinstance(one, dict))


def _login(told: Told) -> dict[str, Any]:
    login = told.data.get("login")
    return login if isinstance(login, dict) else {}


def _account(told: Told) -> dict[str, Any]:
    account = _login(told).get("account")
    return account if isinstance(account, dict) else {}


def _email(row: dict[str, Any]) -> str:
    return _text(row.get("user"), "email")


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return storable(found) if isinstance(found, str) else ""
