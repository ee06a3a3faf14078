"""One try of a password, by somebody who may be anybody."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.utils.timezone import now

from connections.people.brakes import brakes_for, give_back, succeeded, take
from connections.people.failures import refused
from connections.people.hashing import Busy, turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.people.failures import Failure

BUSY_S = 2


class TooMany(Exception):
    """Nothing was tried. `wait_s`: after how many seconds it may be. `is_busy`: for others try just now."""

    def __init__(self, wait_s: int, *, is_busy: bool = False) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s
        self.is_busy = is_busy


@contextmanager
def attempt(failure: Failure, browser: str = "") -> Iterator[None]:
    """Try a password within it: what is raised there is a failure, else it was right.

    `failure`: how it is counted and told when it is one. `browser`: as for `brakes_for`. Raises TooMany before anything
    is hashed.
    """
    at = now()
    brakes = brakes_for(failure.name, failure.address, browser)
    if wait_s := take(brakes, at):
        refused(failure, at)
        raise TooMany(wait_s)
    try:
        with turn(is_known=bool(browser)):
            yield
    except Busy:
        give_back(brakes)
        refused(failure, at)
        raise TooMany(BUSY_S, is_busy=True) from None
    succeeded(brakes)


@contextmanager
def second_attempt(failure: Failure, browser: str = "") -> Iterator[None]:
    """As `attempt`, for a second factor, which costs nothing to check and has brakes of its own.

    They are by name alone, too: who tries has the password, so no stranger can make the person wait, and many addresses
    don't help to guess six digits. Raises TooMany.
    """
    at, name = now(), f"second factor\0{failure.name}"
    brakes = brakes_for(name, failure.address, browser)
    if not browser:
        brakes |= brakes_for(name, "", "by name alone")
    if wait_s := take(brakes, at):
        refused(failure, at)
        raise TooMany(wait_s)
    yield
    succeeded(brakes)
