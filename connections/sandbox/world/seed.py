"""Makes a world from a seed: the same seed, the same devices, people and connection ids."""

from __future__ import annotations

from random import Random

from connections.sandbox.world.clock import Clock
from connections.sandbox.world.ids import service_address
from connections.sandbox.world.names import BULK_TYPE, DEVICE_NAMES, ORGANISATIONS, OWNER, PEOPLE, SERVICE_KINDS
from connections.sandbox.world.peers import open_peers
from connections.sandbox.world.world import Device, Service, World

#: A seeded connection keeps at least this long, so that a list read at the start is still true some minutes later.
SHORTEST_LEFT_S = 1800
OLDEST_S = 28800 - SHORTEST_LEFT_S


def build_world(clock: Clock, seed: int, connections: int) -> World:
    """A world of `connections` live connections, spread over up to 600 devices.

    The same seed gives the same names, addresses, ids, openers and ages.
    """
    world = World(clock, seed)
    for number, name in enumerate(device_names(world.random, max(20, min(600, connections)))):
        add_device(world, number, name)
    add_unshared_device(world)
    give_to_organisations(world)
    open_some(world, connections, OLDEST_S)
    open_peers(world, OLDEST_S)
    return world


def refill(world: World, connections: int) -> None:
    """Open what is missing to `connections` live ones, each after the last thing that happened in this world.

    An older one would have been missing from the lists that were read before.
    """
    moments = [max(one.opened_at, one.stopped_at or 0) for one in world.connections.values()]
    quiet_s = max(0, world.clock.now() - max(moments, default=0))
    open_some(world, connections - len(world.live()), min(OLDEST_S, quiet_s))
    open_peers(world, min(OLDEST_S, quiet_s))


def open_some(world: World, count: int, oldest_s: float) -> None:
    """Open `count` connections, none longer than `oldest_s` seconds ago; a negative count opens none."""
    reachable = [one for one in world.services.values() if connectable(one)]
    now = world.clock.now()
    for _ in range(count):
        service = world.random.choice(reachable)
        age = world.random.random() ** 2 * oldest_s
        in_use = world.random.random() < 0.9 or age > 300
        world.open(service.address, opener(world.random), at=now - age, in_use=in_use)


def connectable(service: Service) -> bool:
    return service.kind != "bulk" and service.device.state == "active" and service.device.visible


def device_names(random: Random, count: int) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < count:
        pattern, highest = random.choice(DEVICE_NAMES)
        names[pattern.format(random.randint(1, highest))] = None
    return list(names)


def opener(random: Random) -> str:
    return OWNER if random.random() < 0.3 else random.choice(PEOPLE)


def add_device(world: World, number: int, name: str) -> None:
    random = world.random
    shared = random.random() < 0.1
    state = random.choices(("active", "inactive", "restricted"), (90, 8, 2))[0] if number else "active"
    device = Device(
        address=service_address(number * 8),
        name=name,
        owner=random.choice(PEOPLE[1:]) if shared else OWNER,
        state=state,
        shared=shared,
    )
    world.devices.append(device)
    world.add_service(Service(device.address, "Bulk Service", "bulk", 65535, BULK_TYPE, device))
    kinds = random.sample(SERVICE_KINDS, random.choice((1, 1, 2, 2, 3)))
    for index, (kind, port, titles, type_id) in enumerate(kinds, start=1):
        address = service_address(number * 8 + index)
        world.add_service(Service(address, random.choice(titles), kind, port, type_id, device))


def add_unshared_device(world: World) -> None:
    """Somebody else's device: connecting to it is answered with [0405]."""
    device = Device(service_address(0xFFFF00), "Not shared with you", "stranger@example.org", visible=False)
    world.devices.append(device)
    world.add_service(Service(service_address(0xFFFF01), "SSH", "ssh", 22, "00:1C", device))


def give_to_organisations(world: World) -> None:
    """Every eighth device belongs to an organisation, to each in turn."""
    emails = list(ORGANISATIONS)
    for number, device in enumerate(world.devices[3::8]):
        device.owner, device.shared = emails[number % len(emails)], True
