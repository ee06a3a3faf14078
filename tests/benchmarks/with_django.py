"""A benchmark's process that uses the panel: python -m tests.benchmarks.with_django MODULE [ARGUMENT …]

Runs the main() of a module of this package; the environment names settings and databases.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module

import django

from tests.support.servers import leave

if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    django.setup()
    import_module(f"tests.benchmarks.{sys.argv[1]}").main(*sys.argv[2:])
