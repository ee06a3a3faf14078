"""The remote.it client: send one request, read the answer, name one outcome. It knows neither Django nor our models."""

from __future__ import annotations

from connections.remoteit.answers import Answer, Cause, Login, Outcome
from connections.remoteit.client import Client
from connections.remoteit.credentials import Credentials
from connections.remoteit.credentials_file import InvalidCredentialsFile, read_credentials_file
from connections.remoteit.openings import Opened, Opening
from connections.remoteit.sessions import Session, SessionList
from connections.remoteit.wire.base_url import InvalidBaseURL, InvalidProxyURL
from connections.remoteit.wire.signing import InvalidAccessKey

__all__ = [
    "Answer",
    "Cause",
    "Client",
    "Credentials",
    "InvalidAccessKey",
    "InvalidBaseURL",
    "InvalidCredentialsFile",
    "InvalidProxyURL",
    "Login",
    "Opened",
    "Opening",
    "Outcome",
    "Session",
    "SessionList",
    "read_credentials_file",
]
