"""Switches of the sandbox. What remote.it does not document is a switch, and its help says so."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

ANSWERS = ("refuse", "true", "false", "silent")
ANSWERS_HELP = "refuse: 401 with a reason; true/false: status in a 200 with a reason; silent: status false alone"
UNDOCUMENTED = "not documented by remote.it"


def switch(default: Any, help_text: str, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": help_text, "choices": choices})


@dataclass(slots=True)
class Settings:
    """Everything that can be changed while the sandbox runs. Raises ValueError for a value it cannot take."""

    latency_ms: int = switch(120, "milliseconds before each request is acted on and answered")
    stopped_again: str = switch(
        "refuse", f"stop of a connection already stopped ({UNDOCUMENTED}). {ANSWERS_HELP}", ANSWERS
    )
    expired: str = switch("refuse", f"stop of an expired connection ({UNDOCUMENTED})", ANSWERS)
    foreign: str = switch(
        "true", f"stop of a connection that another person opened ({UNDOCUMENTED}); only 'true' stops it", ANSWERS
    )
    echo: str = switch(
        "connectionid",
        f"key that carries the id in a stop's answer; which one comes when is {UNDOCUMENTED}",
        ("connectionid", "id", "none"),
    )
    id_style: str = switch(
        "mixed",
        "style of new connection ids: upper (odd variant), lower (version 4) or both",
        ("mixed", "upper", "lower"),
    )
    override: str = switch(
        "replace",
        f"what a second connect by the same person does to the first unless 'concurrent' is set ({UNDOCUMENTED})",
        ("replace", "keep"),
    )
    mfa: str = switch(
        "none",
        "answer a password login with this second-factor code",
        ("none", "SMS_MFA", "SOFTWARE_TOKEN_MFA", "MFA_SETUP"),
    )
    token_life_s: int = switch(30 * 86400, f"life of a session token in seconds ({UNDOCUMENTED})")

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
