"""A local remote.it: same endpoints, a world of devices, a clock, faults on demand. Imports nothing of ours."""

from __future__ import annotations

from .faults import FaultRule
from .threaded import Sandbox

__all__ = ["FaultRule", "Sandbox"]
