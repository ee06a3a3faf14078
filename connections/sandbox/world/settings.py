"""Switches of the sandbox. What remote.it does not document is a switch, and its help says so."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

ANSWERS = ("refuse", "true", "false", "silent")
ANSWERS_HELP = (
    "Where the choice is refuse, true, false or silent: refuse is a 401 with a reason, true a 200 as if it had been "
    "stopped, false a 200 with status false and a reason, silent a 200 with status false alone."
)
UNDOCUMENTED = "not documented by remote.it"


def switch(default: Any, help_text: str, choices: tuple[str, ...] = (), unit: str = "") -> Any:
    return field(default=default, metadata={"help": help_text, "choices": choices, "unit": unit})


@dataclass(slots=True)
class Settings:
    """Everything that can be changed while the sandbox runs. Raises ValueError for a value it cannot take."""

    latency_ms: int = switch(120, "milliseconds that a request waits before it is acted on and answered", unit="MS")
    stopped_again: str = switch("refuse", f"answer to the second stop of a connection ({UNDOCUMENTED})", ANSWERS)
    expired: str = switch("refuse", f"answer to the stop of an expired connection ({UNDOCUMENTED})", ANSWERS)
    foreign: str = switch(
        "true", f"answer to the stop of another's connection ({UNDOCUMENTED}); only true ends it", ANSWERS
    )
    echo: str = switch(
        "connectionid",
        f"the key under which a stop's answer repeats the id; which one comes when is {UNDOCUMENTED}",
        ("connectionid", "id", "none"),
    )
    id_style: str = switch(
        "mixed",
        "form of new connection ids: upper case, lower case or both; both forms have been seen",
        ("mixed", "upper", "lower"),
    )
    session_ids: str = switch(
        "same",
        "the id under which GraphQL lists a connection: its own in lower case, or for an upper-case one of the older "
        f"REST API its 40 hex digits ({UNDOCUMENTED})",
        ("same", "own"),
    )
    graphql_ids: str = switch(
        "true",
        f"does a stop by REST take the lower-case ids that GraphQL gives ({UNDOCUMENTED}); if it refuses them, a "
        "connect by REST gives upper-case ones",
        ("true", "refuse"),
    )
    member_of: str = switch(
        "all",
        "the organisations that the login belongs to; what another one lists it can't see",
        ("all", "first", "none"),
    )
    open_every_s: int = switch(
        0, "seconds after which somebody opens one connection more, again and again, 0: nobody does", unit="SECONDS"
    )
    come_back_s: int = switch(
        0, "seconds after a stop that the same person opens the service again, 0: never", unit="SECONDS"
    )
    come_back_percent: int = switch(30, "share of the services whose people come back, in percent", unit="PERCENT")
    stubborn: int = switch(
        0,
        "seconds after any end of a connection that its person opens the service again, with a new id, until the way "
        "is closed; 0: as come_back_s says",
        unit="SECONDS",
    )
    disable_after_s: int = switch(
        0, f"seconds after which a service that is disabled goes offline ({UNDOCUMENTED})", unit="SECONDS"
    )
    disable_disconnects: str = switch(
        "yes",
        f"does closing a way end who came by it (documented for services, {UNDOCUMENTED} for links)",
        ("yes", "no"),
    )
    refuse_measures: str = switch(
        "none", "which switches are refused, as for a login that may not use them", ("none", "links", "services", "all")
    )
    schema_lacks: str = switch(
        "none", "what the live schema does not have", ("none", "setConnectLink", "updateService", "events")
    )
    skew_s: int = switch(
        300, f"seconds that a signed date may be off, 0: any; {UNDOCUMENTED}, the value is invented", unit="SECONDS"
    )
    clock_ahead_s: int = switch(0, "seconds that its clock is ahead, in its Date and for signed ones", unit="SECONDS")
    mfa: str = switch(
        "none",
        "refuse a password login with this code, as for an account with a second factor",
        ("none", "SMS_MFA", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"),
    )
    token_life_s: int = switch(30 * 86400, f"life of a session token in seconds ({UNDOCUMENTED})", unit="SECONDS")

    def __post_init__(self) -> None:
        self.change({item.name: getattr(self, item.name) for item in fields(self)})

    def change(self, values: dict[str, Any]) -> None:
        """Set the named switches, all or none."""
        for name, value in values.items():
            check(name, value)
        for name, value in values.items():
            setattr(self, name, value)


SWITCHES = {item.name: item for item in fields(Settings)}


def check(name: str, value: Any) -> None:
    if name not in SWITCHES:
        raise ValueError(f"There is no setting {name!r}. Known: {', '.join(SWITCHES)}.")
    choices = SWITCHES[name].metadata["choices"]
    if choices and value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    if not choices and (type(value) is not int or value < 0):
        raise ValueError(f"{name} must be a whole number, 0 or more, not {value!r}.")
