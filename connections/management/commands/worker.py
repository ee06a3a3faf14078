from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from huey.consumer_options import ConsumerConfig
from huey.contrib.djhuey import HUEY

import connections.tasks  # noqa: F401 - registers what the engine carries
from connections.accounts.credentials import ensure_default_account
from connections.audit import upkeep
from connections.db import schema
from connections.holds import keeper
from connections.inventory import upload_reader
from connections.live import lister
from connections.notices import courier
from connections.stops.worker.loop import Drain

logger = logging.getLogger(__name__)

LIST_GRACE_S = 2.0
"""How long a worker that is asked to end waits for its other loops, in seconds."""


class Command(BaseCommand):
    help = "Send the stops that are asked for, until SIGTERM or Ctrl-C. Several workers may run, on several hosts."
    failed = False

    def handle(self, *args: Any, **options: Any) -> None:
        if why := schema.why_another():
            self.stderr.write(why)
            sys.exit(1)
        ensure_default_account()
        ending = threading.Event()
        drain = Drain()
        threads = [
            threading.Thread(target=self._guard, args=(loop, ending), name=name, daemon=True)
            for name, loop in (
                ("drain", drain.run),
                ("lister", lister.run),
                ("keeping", upkeep.run),
                ("courier", courier.run),
                ("uploads", partial(upload_reader.run, drain.worker)),
                ("holds", partial(keeper.run, drain.worker)),
            )
        ]
        config = ConsumerConfig(**settings.HUEY["consumer"])
        config.validate()
        consumer = HUEY.create_consumer(**config.values)
        for thread in threads:
            thread.start()
        self.stdout.write(f"worker {drain.worker} is ready")
        try:
            consumer.run()
        finally:
            # It ends by itself within seconds now: a second SIGTERM must not cut off what is being written down.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            ending.set()
            drain.wake()
            threads[0].join()
            # A list that is being read can be cut off at any moment: the next reading starts anew.
            for thread in threads[1:]:
                thread.join(timeout=LIST_GRACE_S)
        if self.failed:
            sys.exit(1)

    def _guard(self, loop: Callable[[threading.Event], None], ending: threading.Event) -> None:
        try:
            loop(ending)
        except Exception:  # a worker that can't work must not look alive: whoever watches over it starts another
            logger.exception("The worker can't go on")
            self.failed = True
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            connection.close()
