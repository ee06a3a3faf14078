"""A remoteit-admin panel from another machine: its API, by requests alone."""

from __future__ import annotations

from remoteit_admin_client.panel import Panel, Refused, Unreachable

__all__ = ["Panel", "Refused", "Unreachable"]
__version__ = "0.1.0"
