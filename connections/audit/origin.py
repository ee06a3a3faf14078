"""Where a wish came from: the door, and what that door knows of who stood before it."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a wish came from: `kind` is `web`, `api`, `command` or `worker`; the rest is what that door knows.

    `token`: the name of the token that a program came with. `request_id`: stands in the answer's header and the log.
    """

    kind: str
    client_ip: str = ""
    user_agent: str = ""
    system_user: str = ""
    token: str = ""
    request_id: str = ""


WORKER = Origin("worker")


def command_origin() -> Origin:
    """The command line as origin, with the name of the system user that runs it.

    The name belongs to the process's user id: LOGNAME and its like can be set by anyone.
    """
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return Origin("command", system_user=name)
