"""What a screen is to the walk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from django.urls import reverse
from playwright.sync_api import Page


@dataclass(frozen=True)
class Screen:
    """`who` opens `address` in `size`, does `steps` and then sees what the selector `shows` names; "" is nobody.

    `status`: what the page came with in the end. `under`: what holds meanwhile. `scripted`: there is none without
    JavaScript.
    """

    name: str
    address: str
    shows: str
    who: str = "alice"
    status: int = 200
    steps: Callable[[Page], object] = lambda page: None
    under: Callable[[], AbstractContextManager[object]] = nullcontext
    size: str = "desktop"
    scripted: bool = False


def page_of(model: str, page: str = "changelist", *arguments: object) -> str:
    return reverse(f"admin:{model}_{page}", args=arguments)


def title(words: str) -> str:
    """The selector of a page whose title has these words."""
    return f'main h1:has-text("{words}")'


def text(words: str) -> str:
    return f'text="{words}"' if "'" in words else f"text={words}"
