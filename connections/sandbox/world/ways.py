"""Ways to a service beside its open connections: what is switched on, who has a share. They are invented."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from connections.sandbox.world.names import PEOPLE
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import Connection, Service, World

#: One service in so many has a public link, one device in so many can't be configured from afar.
LINK_IN, FIXED_IN = 3, 6


def number_of(text: str) -> int:
    return int(hashlib.sha256(text.lower().encode()).hexdigest()[:8], 16)


def link_of(service: Service) -> bool | None:
    """Whether its public link is on; None when it has none."""
    if service.link == "":
        return True if number_of(service.address) % LINK_IN == 0 else None
    return {"on": True, "off": False, "none": None}[service.link]


def is_configurable(service: Service) -> bool:
    device = service.device
    return number_of(device.address) % FIXED_IN != 0 if device.configurable is None else device.configurable


def shared_with(service: Service) -> list[str]:
    if service.shares is not None:
        return service.shares
    first = number_of(service.device.address) % len(PEOPLE)
    return [one for one in (PEOPLE * 2)[first : first + 3] if one != service.device.owner]


def is_closed(service: Service, opened_by: str) -> bool:
    """Whether this person can't open the service any more; "" is a visitor by its public link."""
    return not service.enabled or not service.is_online or (not opened_by and link_of(service) is not True)


class Switches:
    """What switching a link or a service does, and when."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        #: When a service that was disabled goes offline: moment and address.
        self.due: list[tuple[float, str]] = []

    def set_link(self, service: Service, enabled: bool | None) -> None:
        if enabled is not None:
            service.link = "on" if enabled else "off"
        if link_of(service) is not True and self.settings.disable_disconnects == "yes":
            self.end([one for one in self.open_at(service) if not one.opened_by])
        self.world.changed()

    def set_service(self, service: Service, enabled: bool | None) -> None:
        if enabled is not None:
            service.enabled = enabled
        self.due = [one for one in self.due if one[1] != service.address]
        if not service.enabled:
            self.due.append((self.world.clock.now() + self.settings.disable_after_s, service.address))
        elif not service.is_online:
            service.is_online = True
            self.world.happened(service, "active")
        self.world.changed()
        self.catch_up()

    def set_shares(self, service: Service, people: list[str]) -> None:
        before = shared_with(service)
        service.shares = people
        for one in before:
            if one not in people:
                self.world.happened(service, "unshared", one)
        for one in people:
            if one not in before:
                self.world.happened(service, "shared", one)
        self.world.changed()

    def catch_up(self) -> None:
        now = self.world.clock.now()
        for moment, address in [one for one in self.due if one[0] <= now]:
            self.due.remove((moment, address))
            service = self.world.services[address.lower()]
            if service.is_online:
                service.is_online = False
                self.world.happened(service, "inactive")
            if self.settings.disable_disconnects == "yes":
                self.end(list(self.open_at(service)))

    def open_at(self, service: Service) -> Iterator[Connection]:
        return (one for one in self.world.live() if one.service is service)

    def end(self, connections: list[Connection]) -> None:
        for one in connections:
            self.world.stop(one, self.settings.stubborn)
