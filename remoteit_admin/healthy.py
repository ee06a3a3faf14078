"""Whether the process of this container is well, for its health check: `python -m remoteit_admin.healthy web|worker`.

Exit code 0 when it is, 1 when not, with a line that says why.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys

TIMEOUT_S = 4.0


def web() -> str:
    """Why the web server of this host does not answer; "" when it does. BIND has to be an address, not a socket."""
    host = os.environ.get("BIND", "127.0.0.1")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104
    try:
        asked = http.client.HTTPConnection(host, int(os.environ.get("PORT", "8000")), timeout=TIMEOUT_S)
        asked.request("GET", "/healthz")
        status = asked.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"The web server does not answer: {error}."
    return "" if status == 200 else f"The web server answers with {status}."


def worker() -> str:
    """Why no worker of this host gives a sign; "" when one does."""
    import django

    from remoteit_admin.start import require_settings

    require_settings(exit_code=1)
    django.setup()

    from django.db import DatabaseError

    from connections.models import Worker

    try:
        alive = Worker.objects.alive().filter(host=socket.gethostname()).exists()
    except DatabaseError as error:
        return f"The database does not answer: {error}"
    return "" if alive else "No worker of this host gives a sign."


def main() -> int:
    checks = {"web": web, "worker": worker}
    if sys.argv[1:2] == [] or sys.argv[1] not in checks:
        sys.stderr.write("Say which: web or worker.\n")
        return 1
    why = checks[sys.argv[1]]()
    if why:
        sys.stderr.write(f"{why}\n")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
