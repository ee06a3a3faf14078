#!/usr/bin/env python
"""Django's command line for remoteit-admin."""

from __future__ import annotations

import os
import sys

from remoteit_admin.console import show_anything
from remoteit_admin.start import keep_private, require_settings


def main() -> None:
    show_anything()
    keep_private()
    refuse_what_is_no_text(sys.argv[1:])
    require_settings()
    from django.core.management import execute_from_command_line

    from remoteit_admin import outage

    with outage.told():
        execute_from_command_line(sys.argv)


def refuse_what_is_no_text(arguments: list[str]) -> None:
    """End with exit code 2 where an argument can't be decoded: neither the history nor the database can hold it."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = ascii(os.fsencode(argument))[1:]
            sys.stderr.write(f"{shown} is no text in {sys.getfilesystemencoding()}. Nothing was done.\n")
            sys.exit(2)


if __name__ == "__main__":
    main()
