"""Peer-to-peer sessions: GraphQL lists them, and neither API stops them."""

from __future__ import annotations

import math
from random import Random

from connections.sandbox.world.ids import new_connection_id, new_session_id
from connections.sandbox.world.names import PEOPLE
from connections.sandbox.world.world import Connection, World

#: One for so many live connections.
ONE_IN = 20


def open_peers(world: World, oldest_s: float) -> None:
    """Open what is missing to one for each ONE_IN live connections, none longer than `oldest_s` seconds ago.

    They are to services that have a connection, so a world without connections has none, and any other at least one.
    """
    live = world.live()
    missing = math.ceil(len(live) / ONE_IN) - (len(world.sessions()) - len(live))
    # Not the world's own sequence: what it draws next must not depend on these.
    random = Random(f"{world.seed}/peers/{len(world.peers)}")  # noqa: S311 - a repeatable world
    for _ in range(missing):
        one = Connection(
            id=new_connection_id(random, "lower"),
            session_id=new_session_id(random),
            service=random.choice(live).service,
            opened_by=random.choice(PEOPLE),
            opened_at=world.clock.now() - random.random() ** 2 * oldest_s,
            proxy=False,
        )
        world.peers[one.id] = one
