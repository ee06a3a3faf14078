"""A local remote.it: same endpoints, a world of devices, a clock, faults on demand. Imports nothing of ours."""

from __future__ import annotations

from connections.sandbox.threaded import Sandbox
from connections.sandbox.wire.faults import FaultRule

__all__ = ["FaultRule", "Sandbox"]
