"""How long the next try of a password has to wait, decided before anything is hashed.

Counted in the database, so that it holds over all web processes. What is counted is a name together with an address,
and an address: never a name alone, which would let a stranger keep an operator out. A browser in which this name signed
in before is counted by itself, so that nobody who shares its address can make it wait.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, FloatField, Value
from django.db.models.functions import Greatest

from connections.models import SignInBrake
from remoteit_admin.proxies import one_client

FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Brake:
    """So many failures are `free`; from then on each doubles the wait, from 1 s up to `longest_s`.

    One failure is forgiven every `longest_s` seconds, so that this is the pace of whoever goes on for ever.
    """

    free: int
    longest_s: int

    def level(self, row: SignInBrake, now: datetime) -> float:
        """The failures of `row` that are not forgiven by `now`."""
        return max(0.0, row.level - max(0.0, (now - row.at).total_seconds()) / self.longest_s)

    def highest(self) -> float:
        """No level is higher: forgiveness must not take longer than the longest wait asks for."""
        return self.free + math.log2(self.longest_s)

    def wait_s(self, row: SignInBrake, now: datetime) -> float:
        """How many seconds after `now` the next try may come; 0: it may come."""
        if row.level < self.free:
            return 0.0
        pause = min(math.exp2(row.level - self.free), self.longest_s)
        # At most the pause: a clock that was put back must not make it longer.
        return min(pause, max(0.0, pause - (now - row.at).total_seconds()))


BY_NAME = Brake(free=5, longest_s=900)
BY_ADDRESS = Brake(free=20, longest_s=60)


def brakes_for(name: str, address: str, browser: str = "") -> dict[str, Brake]:
    """Key -> the brake by which a try as `name` from `address` is counted.

    `browser`: the mark of one in which this name signed in before; "" for any other.
    """
    name = unicodedata.normalize("NFKC", name).casefold()
    if browser:
        return {_key("browser", browser, name): BY_NAME}
    network = one_client(address)
    return {_key("name", name, network): BY_NAME, _key("address", network): BY_ADDRESS}


def take(brakes: dict[str, Brake], now: datetime) -> int:
    """Count one try with each of `brakes`, as a failure until `give_back` or `succeeded`.

    Returns 0; or, with nothing counted, after how many whole seconds the next may come. Counting comes before hashing,
    so that of many at once no more go on than may.
    """
    known = SignInBrake.objects.filter(key__in=brakes)
    if wait := _longest(brakes, list(known), now):
        return wait
    with transaction.atomic():
        SignInBrake.objects.bulk_create([SignInBrake(key=key, at=now) for key in brakes], ignore_conflicts=True)
        rows = list(known.select_for_update().order_by("key"))
        if wait := _longest(brakes, rows, now):
            return wait
        for row in rows:
            brake = brakes[row.key]
            row.level, row.at = min(brake.level(row, now) + 1, brake.highest()), now
        SignInBrake.objects.bulk_update(rows, ("level", "at"))
    return 0


def give_back(brakes: dict[str, Brake]) -> None:
    """Undo one `take`: nothing was tried."""
    lower = Greatest(F("level") - 1, Value(0.0), output_field=FloatField())
    SignInBrake.objects.filter(key__in=brakes).update(level=lower)


def succeeded(brakes: dict[str, Brake]) -> None:
    """The password was right: the name has a clean slate here. The address has not: one own account would give it."""
    SignInBrake.objects.filter(key__in=[key for key, brake in brakes.items() if brake is BY_NAME]).delete()
    give_back(brakes)


def forget(now: datetime) -> None:
    """Delete what is forgiven long since."""
    SignInBrake.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()


def _longest(brakes: dict[str, Brake], rows: list[SignInBrake], now: datetime) -> int:
    return math.ceil(max((brakes[row.key].wait_s(row, now) for row in rows), default=0.0))


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
