"""The remote.it client: send one request, read the answer, name one outcome. It knows neither Django nor our models."""

from __future__ import annotations

from connections.remoteit.answers import Answer, Cause, Login, Outcome
from connections.remoteit.base_url import InvalidBaseURL
from connections.remoteit.client import Client, Credentials

__all__ = ["Answer", "Cause", "Client", "Credentials", "InvalidBaseURL", "Login", "Outcome"]
