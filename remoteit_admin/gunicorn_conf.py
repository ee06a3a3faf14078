"""How gunicorn serves the panel. It reads this file at its start and again at SIGHUP; its command line wins over it."""

from __future__ import annotations

from remoteit_admin.start import require_server_apart

# Before there is any worker: one that can't boot says more than a line, and ends all with another code.
bind = require_server_apart()
worker_class = "remoteit_admin.patient_worker.PatientWorker"
workers = 2
threads = 8
graceful_timeout = 8
# Seconds; longer than a proxy keeps its own side of a connection (nginx 60, Caddy 120), which would otherwise send a
# request on one that is just being closed.
keepalive = 125
control_socket_disable = True
# A socket is for the proxy's group; what the workers write is for their own user (remoteit_admin.start.keep_private).
umask = 0o007
# No header decides what was asked for: behind a proxy that passes SCRIPT_NAME on, a browser could send one.
forwarder_headers = ""
