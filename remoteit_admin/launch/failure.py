"""The one error of the launcher."""

from __future__ import annotations


class LaunchError(Exception):
    """`make run` can't go on. The message is a sentence for the terminal; `code` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
