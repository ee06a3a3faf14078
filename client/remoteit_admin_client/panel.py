"""The API of one panel. What can stop something is sent again with the same key when its answer did not come."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

CONNECT_S, READ_S = 5.0, 90.0
"""The panel holds an answer back for 60 seconds at most."""
TRIES = 5
LONGEST_WAIT_S = 60
REST_S = 2.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CHUNK = 1 << 16


class Refused(Exception):
    """The panel said no. `problem` is its answer (RFC 9457): `code`, `detail`, `errors`, `request_id`."""

    def __init__(self, problem: dict[str, Any]) -> None:
        said = [f"{problem.get('title', '')}: {problem.get('detail', '')}"]
        said += [one.get("detail") or one.get("code", "") for one in problem.get("errors") or ()]
        super().__init__(" ".join(filter(None, said)))
        self.problem = problem

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


class Unreachable(Exception):
    """The panel gave no answer that can be read. What was asked may have been done."""


class Panel:
    """`url`: https://HOST, or http:// for this machine alone. `token`: ria_…, which is in no message."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("The panel's address is https://HOST, or http:// for this machine alone.")
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
        self._session.trust_env = False  # no .netrc instead of the token

    def token(self) -> dict[str, Any]:
        """What the token is, and may do."""
        found: dict[str, Any] = self._ask("GET", "/token").json()
        return found

    def connections(self, match: str | None = None) -> Iterator[dict[str, Any]]:
        """The connections that match; all of any status without `match`."""
        return self._all("/connections", match=match)

    def runs(self) -> Iterator[dict[str, Any]]:
        """Runs, the newest first."""
        return self._all("/runs")

    def items(self, run: str, *, outcome: str | None = None, verdict: str | None = None) -> Iterator[dict[str, Any]]:
        """The connections of a run, and what became of each."""
        return self._all(f"/runs/{run}/items", outcome=outcome, verdict=verdict)

    def history(
        self, *, run: str | None = None, action: str | None = None, since_seq: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Lines of the history, the oldest first."""
        return self._all("/history", run=run, action=action, since_seq=since_seq)

    def stop(
        self,
        *,
        reason: str,
        match: str | None = None,
        ids: list[str] | None = None,
        ticket: str = "",
        expected_count: int | None = None,
        max_count: int | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Start a run, and return it. `key`: of this wish; the same again leads to the same run. Raises Refused."""
        body = _without_none(
            match=match, ids=ids, reason=reason, ticket=ticket, expected_count=expected_count, max_count=max_count
        )
        found: dict[str, Any] = self._ask("POST", "/runs", body, key=key or str(uuid.uuid4())).json()
        return found

    def preview(
        self, *, reason: str, match: str | None = None, ids: list[str] | None = None, **limits: int | None
    ) -> dict[str, Any]:
        """What `stop` would cover now; nothing is made. Raises Refused as `stop` would."""
        body = _without_none(match=match, ids=ids, reason=reason, validate_only=True, **limits)
        found: dict[str, Any] = self._ask("POST", "/runs", body).json()
        return found

    def run(self, run: str, *, wait_s: int = 0) -> dict[str, Any]:
        """One run, at once, or when it is done, or `wait_s` seconds (at most 60) have passed."""
        found: dict[str, Any] = self._ask("GET", f"/runs/{run}", wait=wait_s or None).json()
        return found

    def wait(
        self, run: str, *, seconds: float | None = None, told: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """The run when it is done, or after so many seconds; `told` is called with it each time it was asked for."""
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            left = LONGEST_WAIT_S if until is None else until - time.monotonic()
            began = time.monotonic()
            found = self.run(run, wait_s=max(0, min(5, int(left))))
            if told:
                told(found)
            if found["done"] or (until is not None and time.monotonic() >= until):
                return found
            if time.monotonic() - began < 1:  # too many wait there already
                time.sleep(REST_S if until is None else min(REST_S, max(0.0, until - time.monotonic())))

    def steer(self, run: str, wish: str) -> dict[str, Any]:
        """`wish`: pause, resume or cancel. Returns the run."""
        found: dict[str, Any] = self._ask("POST", f"/runs/{run}/{wish}").json()
        return found

    def rerun(self, run: str, *, key: str | None = None, **limits: int | None) -> dict[str, Any]:
        """Stop again what a run did not stop: a run of its own."""
        found: dict[str, Any] = self._ask(
            "POST", f"/runs/{run}/rerun", _without_none(**limits), key=key or str(uuid.uuid4())
        ).json()
        return found

    def hold(self, *, reason: str, key: str | None = None, **wish: Any) -> dict[str, Any]:
        """Begin a hold, and return it. `wish`: the fields of the API, without those that are None. Raises Refused."""
        body = _without_none(reason=reason, **wish)
        found: dict[str, Any] = self._ask("POST", "/holds", body, key=key or str(uuid.uuid4())).json()
        return found

    def holds(self) -> Iterator[dict[str, Any]]:
        """Holds, the newest first."""
        return self._all("/holds")

    def hold_now(self, hold: str) -> dict[str, Any]:
        """One hold: its clock, what came back, what is restored."""
        found: dict[str, Any] = self._ask("GET", f"/holds/{hold}").json()
        return found

    def wait_for_hold(self, hold: str, *, seconds: float | None = None) -> dict[str, Any]:
        """The hold when it has ended and what it switched off was tried to be put back, or after so many seconds."""
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            found = self.hold_now(hold)
            is_restoring = any(one["restore"] == "queued" and not one["restore_why"] for one in found["measures"])
            left = REST_S if until is None else min(REST_S, until - time.monotonic())
            if (found["done"] and not is_restoring) or left <= 0:
                return found
            time.sleep(left)

    def end_hold(self, hold: str, reason: str) -> dict[str, Any]:
        """End a hold now and have put back what it switched off. Returns it."""
        found: dict[str, Any] = self._ask("POST", f"/holds/{hold}/end", {"reason": reason}).json()
        return found

    def evidence(self, run: str, path: str | os.PathLike[str]) -> Path:
        """Write the evidence of a run to `path`, whole or not at all."""
        target = Path(path)
        part = target.with_name(f".{target.name}.part")
        try:
            with self._ask("GET", f"/runs/{run}/evidence", stream=True) as answer, part.open("wb") as file:
                for chunk in answer.iter_content(CHUNK):
                    file.write(chunk)
            part.replace(target)
        except requests.RequestException as error:
            raise Unreachable(f"The evidence did not come whole: {type(error).__name__}.") from None
        finally:
            part.unlink(missing_ok=True)
        return target

    def _all(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        cursor = None
        while True:
            part = self._ask("GET", path, cursor=cursor, limit=1000, **parameters).json()
            yield from part["items"]
            cursor = part["next"]
            if cursor is None:
                return

    def _ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", stream: bool = False, **parameters: Any
    ) -> requests.Response:
        may_repeat = method == "GET" or bool(key)
        for left in reversed(range(TRIES)):
            try:
                answer = self._session.request(
                    method,
                    f"{self.url}/api/v1{path}",
                    params=_without_none(**parameters),
                    json=body,
                    headers={"Idempotency-Key": key} if key else {},
                    timeout=(CONNECT_S, READ_S),
                    allow_redirects=False,
                    stream=stream,
                )
            except requests.RequestException as error:
                if not (left and may_repeat):
                    raise Unreachable(f"The panel did not answer: {type(error).__name__}.") from None
                time.sleep(REST_S)
                continue
            if answer.ok and answer.status_code < 300:
                return answer
            problem = _problem(answer)
            if left and may_repeat and (answer.status_code in (502, 503, 504) or _passes(problem)):
                time.sleep(float(answer.headers.get("Retry-After", REST_S)))
                continue
            raise Refused(problem)
        raise AssertionError("the last try returns or raises")


def _passes(problem: dict[str, Any]) -> bool:
    """Whether it goes away by itself, soon."""
    return problem.get("code") in ("still_running", "too_many_requests")


def _problem(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if isinstance(found, dict) and "code" in found:
        return found
    return {"code": "no_panel", "title": f"HTTP {answer.status_code}", "detail": "No panel answers at this address."}


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
