"""`python -m connections.sandbox` is the same as `python manage.py sandbox`."""

from __future__ import annotations

import sys

from connections.sandbox.commandline import main

if __name__ == "__main__":
    sys.exit(main())
