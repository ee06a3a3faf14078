"""People who open connections by themselves, so that a sandbox that runs for days does not run empty."""

from __future__ import annotations

from connections.sandbox.world.seed import connectable, opener
from connections.sandbox.world.settings import Settings
from connections.sandbox.world.world import LIFETIME_S, World


class Arrivals:
    """One connection more every `open_every_s` seconds of the world's clock; 0: none."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self.last = world.clock.now()

    def catch_up(self) -> None:
        """Open those that have come since the last time, each at its own moment."""
        now, every = self.world.clock.now(), self.settings.open_every_s
        # What would have ended by now need not be opened.
        self.last = max(self.last, now - LIFETIME_S) if every else now
        while every and self.last + every <= now:
            self.last += every
            random = self.world.random
            service = random.choice([one for one in self.world.services.values() if connectable(one)])
            style, in_use = self.settings.id_style, random.random() < 0.9
            self.world.open(service.address, opener(random), style=style, at=self.last, in_use=in_use)
