"""Keeps the world in a JSON file, so that it outlives a restart."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from connections.sandbox.world.clock import Clock
from connections.sandbox.world.world import Connection, Device, Happening, Service, World

VERSION = 1


class BadStateError(Exception):
    """The state file cannot be read; str() says why in one sentence."""


def dump(world: World, tokens: dict[str, float]) -> dict[str, Any]:
    """All that must be kept, as plain values."""
    return {
        "version": VERSION,
        "seed": world.seed,
        "offset_s": world.clock.offset_s,
        "tokens": tokens,
        "devices": [asdict(one) for one in world.devices],
        "services": [flat(one, device=one.device.address) for one in world.services.values()],
        "connections": [flat(one, address=one.service.address) for one in world.connections.values()],
        "peers": [flat(one, address=one.service.address) for one in world.peers.values()],
        "record": [flat(one, address=one.service.address) for one in world.record],
    }


def flat(one: Service | Connection | Happening, **names: str) -> dict[str, Any]:
    """Its fields, and `names` instead of what it belongs to."""
    values = {item.name: getattr(one, item.name) for item in fields(one)}
    return {name: value for name, value in values.items() if not isinstance(value, Service | Device)} | names


def load(path: Path) -> tuple[World, dict[str, float]]:
    """The world and the session tokens kept in `path`. Raises BadStateError for a file that is damaged or not ours."""
    try:
        data = json.loads(path.read_text())
        if data["version"] != VERSION:
            raise BadStateError(
                f"{path} was written by another version of the sandbox: delete it or name another file."
            )
        world = World(Clock(data["offset_s"]), data["seed"])
        devices = {one["address"]: Device(**one) for one in data["devices"]}
        world.devices += devices.values()
        for one in data["services"]:
            world.add_service(Service(**{**one, "device": devices[one["device"]]}))
        for name, known in (("connections", world.connections), ("peers", world.peers)):
            for one in data.get(name, []):
                service = world.services[one.pop("address").lower()]
                known[one["id"].lower()] = Connection(service=service, **one)
        for one in data.get("record", []):
            world.record.append(Happening(service=world.services[one.pop("address").lower()], **one))
        # Not the seed's own sequence again: that would repeat ids which are taken.
        world.random.seed(f"{world.seed}/{len(world.connections)}")
        return world, data["tokens"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadStateError(f"{path} cannot be read as the sandbox's state: {error!r}.") from error


def save(path: Path, data: dict[str, Any]) -> None:
    """Replace the file in one step: a reader sees the old state or the new one. Raises OSError."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(data))
    os.replace(beside, path)
