"""Wake-ups: how a page tells a worker, perhaps on another machine, that there is something to send."""

from __future__ import annotations

import logging
from collections.abc import Callable

from huey.contrib.djhuey import HUEY, task

logger = logging.getLogger(__name__)

listeners: list[Callable[[], None]] = []
"""What to call in this process when a wake-up arrives."""


@task()
def wake() -> None:
    for listener in listeners:
        listener()


def wake_worker() -> None:
    """Tell a worker that there is something to do. A lost wake-up is harmless: workers look by themselves, too."""
    try:
        wake()
    except Exception:  # whatever the queue's client raises: the run is in the database and will be found
        logger.exception("The queue %s did not take the wake-up", HUEY.name)
