"""`make run`: the panel, its worker and, without remote.it credentials, a sandbox, on this machine alone."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from remoteit_admin import env_file
from remoteit_admin.console import show_anything
from remoteit_admin.environment import Environment
from remoteit_admin.invalid_setting import InvalidSetting
from remoteit_admin.launch import alone, dotenv, first_start
from remoteit_admin.launch.failure import LaunchError
from remoteit_admin.launch.processes import Children, say
from remoteit_admin.start import EXIT_CODE, keep_private, require_settings_apart

ROOT = Path(__file__).resolve().parent.parent
SANDBOX_PORT = 9527
OPEN_EVERY_S = "60"  # what opens in the sandbox: about as much as ends, with 500 that live 8 hours
WEB_WAIT = 60.0  # seconds for the first answer
VARIABLE = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")


def main() -> int:
    """Run until Ctrl-C and return the exit code: 0 then, else that of what went wrong."""
    show_anything()
    keep_private()
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "remoteit_admin.settings")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        env_file.load(ROOT / ".env")
        port = Environment().whole("PORT", default=8000, minimum=1, maximum=65535)
        alone.require_free(port)
        data = Environment().folder("DATA_FOLDER", default=ROOT)
        with alone.lock_folder(data / ".run.lock") as lock:
            dotenv.complete(ROOT / ".env", ROOT / ".env.example", os.environ)
            env_file.load(ROOT / ".env")
            require_settings_apart()  # not here: the sandbox's variables are still to come
            with Children(lock) as children:
                run(children, port, data)
    except LaunchError as error:
        print(error, file=sys.stderr)
        return error.code
    except InvalidSetting as error:
        print(error, file=sys.stderr)
        return EXIT_CODE
    return 0


def run(children: Children, port: int, data: Path) -> None:
    """Start everything, say how to reach it, and watch it until somebody wants it to stop.

    `data`: the folder in which the panel keeps what it writes.
    """
    sandbox_port = None if has_credentials() else start_sandbox(children, data)
    first_start.prepare()
    if sandbox_port:
        children.check()
        import_from_sandbox(sandbox_port)
    start_procfile(children, port)
    if not children.wait_until(lambda: get(port, "/healthz") is not None, WEB_WAIT):
        raise LaunchError(
            f"http://127.0.0.1:{port}/healthz gave no 200 within {WEB_WAIT:.0f} seconds. The lines of web say why."
        )
    say(summary(port, sandbox_port, *first_start.first_administrator()))
    children.wait_until(lambda: False)


def has_credentials() -> bool:
    known = os.environ.get
    return bool(
        known("REMOTEIT_TOKEN")
        or known("R3_ACCESS_KEY_ID")
        or (known("REMOTEIT_USERNAME") and known("REMOTEIT_PASSWORD"))
    )


def start_sandbox(children: Children, data: Path) -> int:
    """Start the sandbox, put the variables that it prints into our environment, and return its port."""
    port = alone.first_free(SANDBOX_PORT)
    place = ["--port", str(port), "--state", str(data / "sandbox.json"), "--open-every-s", OPEN_EVERY_S]
    command = ["python", "manage.py", "sandbox", *place]
    heard: list[str] = []
    children.start("sandbox", command, unbuffered()).listen(heard.append)
    children.wait_until(lambda: any("ready" in line for line in heard if not VARIABLE.fullmatch(line)))
    os.environ.update({match[1]: match[2] for line in heard if (match := VARIABLE.fullmatch(line))})
    return port


def import_from_sandbox(port: int) -> None:
    """Give the panel the connections that the sandbox has open; what isn't taken is shown and stops nothing."""
    rows = get(port, "/sandbox/connections.csv")
    if rows is None:
        say("The sandbox gave no list of connections.")
        return
    # In a session of its own, so that Ctrl-C doesn't cut an import in two.
    done = subprocess.run(
        [sys.executable, "manage.py", "import_connections", "-"],
        input=rows,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        say(f"The sandbox's connections were not all imported:\n{done.stdout.decode(errors='replace').rstrip()}")


def start_procfile(children: Children, port: int) -> None:
    # Whatever BIND says: this is for this machine alone. It wins over gunicorn's file of settings.
    arguments = f"{os.environ.get('GUNICORN_CMD_ARGS', '')} --bind 127.0.0.1:{port}"
    env = {**unbuffered(), "BIND": "127.0.0.1", "PORT": str(port), "GUNICORN_CMD_ARGS": arguments}
    for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines():
        name, _, command = line.partition(":")
        children.start(name, shlex.split(command), env).listen()


def unbuffered() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def get(port: int, path: str) -> bytes | None:
    """The body of a 200 from http://127.0.0.1:`port``path`, None for any other answer or none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def summary(port: int, sandbox_port: int | None, user: str, password: str | None) -> str:
    """The lines that tell a person what runs and how to get in; the password stands in them once."""
    if password:
        sign_in = f"{user}, password {password} (shown this once)"
    else:
        sign_in = f"as before; a new password: .venv/bin/python manage.py changepassword {user}"
    upstream = os.environ.get("REMOTEIT_API_URL") or "remote.it"
    if sandbox_port:
        upstream = f"a sandbox on http://127.0.0.1:{sandbox_port}; no real connection is touched"
    return f"""
  Panel      http://127.0.0.1:{port}/admin/
  Sign in    {sign_in}
  remote.it  {upstream}
  Stop       Ctrl-C
"""


if __name__ == "__main__":
    sys.exit(main())
