"""`remoteit-admin`: tables for people, JSON for programs, exit codes as the panel's own commands have."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remoteit_admin_client.completion import script
from remoteit_admin_client.output import Bar, shown, table
from remoteit_admin_client.panel import Panel, Refused, Unreachable

DONE, SOME_NOT, WRONG_USE, STILL_GOING = 0, 1, 2, 3
CUT = ("stopped", "already_gone")
OUTCOMES = (*CUT, "refused", "failed", "unknown", "skipped", "cancelled", "queued", "sending")
LEVELS = ("watch", "recut", "links", "services")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.do(options))
    except Refused as error:
        print(error, file=sys.stderr)
        if request_id := error.problem.get("request_id"):
            print(f"request {request_id}", file=sys.stderr)
        return WRONG_USE
    except (Unreachable, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("No longer waiting; what was started goes on.", file=sys.stderr)
        return STILL_GOING


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="remoteit-admin",
        description="A remoteit-admin panel from another machine.",
        epilog="Exit codes: 0 done, 1 some of it not, 2 wrong use or refused, 3 still going when --wait gave up.",
    )
    parser.add_argument("--url", default=os.environ.get("RIA_URL"), help="https://HOST of the panel (or RIA_URL)")
    parser.add_argument("--token-file", type=Path, help="a file that holds the token (or RIA_TOKEN)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, do: Callable[[Any], int], words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.set_defaults(do=do)
        made.add_argument("--json", action="store_true", help="print JSON")
        return made

    listed = command("list", list_connections, "List connections.")
    listed.add_argument("--match", metavar="FILTER", help="the panel's search; all of any status without it")

    stopped = command("stop", stop, "Stop connections: those that a search matches, or those with these ids.")
    _add_selection(stopped)
    stopped.add_argument("--dry-run", action="store_true", help="say what would be stopped, and stop nothing")

    held = command("hold", hold, "Stop connections and keep them stopped until nothing comes back.")
    _add_selection(held)
    held.add_argument("--level", choices=LEVELS, default="recut", help="how far it may go, recut by default")
    held.add_argument("--quiet-minutes", type=int, default=10, metavar="N", help="so long nothing may come back")
    held.add_argument("--deadline-minutes", type=int, default=60, metavar="N", help="then it ends whatever comes")

    holds = command("holds", show_holds, "List holds; with HOLD show one, wait for it, or end it.")
    holds.add_argument("hold", nargs="?", metavar="HOLD")
    holds.add_argument("wish", nargs="?", choices=("end",))
    holds.add_argument("--reason", help="why it is ended now; kept in the history")
    _add_wait(holds)

    run = command("run", show_run, "Show a run, wait for it, or steer it.")
    run.add_argument("run", metavar="RUN")
    run.add_argument("wish", nargs="?", choices=("pause", "resume", "cancel", "rerun"))
    run.add_argument("--items", action="store_true", help="each connection, and what became of it")
    run.add_argument("--outcome", choices=OUTCOMES, help="only items with this outcome")
    _add_wait(run)

    history = command("history", show_history, "Print lines of the history.")
    history.add_argument("--run", metavar="RUN")
    history.add_argument("--action", metavar="NAME")
    history.add_argument("--since-seq", type=int, metavar="N")

    evidence = command("evidence", get_evidence, "Write the evidence of a run to a file.")
    evidence.add_argument("run", metavar="RUN")
    evidence.add_argument("--output", type=Path, metavar="FILE", help="default: evidence-run-N.zip")

    completion = command("completion", complete, "Print the completion for a shell.")
    completion.add_argument("shell", choices=("bash", "zsh"))
    completion.set_defaults(commands=commands.choices)
    return parser


def list_connections(options: Any) -> int:
    rows = list(panel_of(options).connections(options.match))
    names = ("id", "status", "device_name", "service_name", "opened_by", "opened_at", "account", "connection_id")
    _show(options, rows, lambda: table(rows, names))
    return DONE


def stop(options: Any) -> int:
    panel = panel_of(options)
    limits = {"expected_count": options.expected_count, "max_count": options.max_count}
    chosen = {"match": options.match, "ids": options.ids or None, "reason": options.reason}
    if options.dry_run:
        found = panel.preview(**chosen, **limits)
        _show(options, found, lambda: [f"{found['count']} would be stopped."])
        return DONE
    run = panel.stop(**chosen, **limits, ticket=options.ticket, key=options.key)
    return _follow(panel, run, options)


def hold(options: Any) -> int:
    panel = panel_of(options)
    begun = panel.hold(
        match=options.match,
        ids=options.ids or None,
        reason=options.reason,
        ticket=options.ticket,
        level=options.level,
        quiet_minutes=options.quiet_minutes,
        deadline_minutes=options.deadline_minutes,
        expected_count=options.expected_count,
        max_count=options.max_count,
        key=options.key,
    )
    return _follow_hold(panel, begun, options)


def show_holds(options: Any) -> int:
    panel = panel_of(options)
    if options.hold is None:
        rows = list(panel.holds())
        names = ("id", "state", "ended_how", "level", "started_at", "deadline_at", "returned", "stopped_again")
        _show(options, rows, lambda: table(rows, names))
        return DONE
    if options.wish and not options.reason:
        raise ValueError("Say why it is ended: --reason.")
    found = panel.end_hold(options.hold, options.reason) if options.wish else panel.hold_now(options.hold)
    return _follow_hold(panel, found, options, by_hand=bool(options.wish))


def show_run(options: Any) -> int:
    panel = panel_of(options)
    if options.wish == "rerun":
        run = panel.rerun(options.run)
    else:
        run = panel.steer(options.run, options.wish) if options.wish else panel.run(options.run)
    if options.items or options.outcome:
        rows = [
            {**one, **one["connection"], "id": one["id"]} for one in panel.items(run["id"], outcome=options.outcome)
        ]
        names = ("id", "outcome", "verdict", "device_name", "service_name", "upstream_reason", "connection_id")
        _show(options, rows, lambda: table(rows, names))
        return DONE
    return _follow(panel, run, options)


def show_history(options: Any) -> int:
    lines = panel_of(options).history(run=options.run, action=options.action, since_seq=options.since_seq)
    if options.json:
        for line in lines:
            print(json.dumps(line, sort_keys=True, ensure_ascii=False))
        return DONE
    rows = list(lines)
    print("\n".join(table(rows, ("seq", "at", "actor", "action", "run_id", "connection_id", "outcome", "verdict"))))
    return DONE


def get_evidence(options: Any) -> int:
    path = panel_of(options).evidence(options.run, options.output or Path(f"evidence-run-{options.run}.zip"))
    _show(options, {"file": str(path)}, lambda: [str(path)])
    return DONE


def complete(options: Any) -> int:
    print(script(options.shell, options.commands), end="")
    return DONE


def panel_of(options: Any) -> Panel:
    """The panel that is meant. Raises ValueError, OSError."""
    token = options.token_file.read_text().strip() if options.token_file else os.environ.get("RIA_TOKEN", "")
    if not options.url or not token:
        raise ValueError("Name the panel: RIA_URL or --url, and RIA_TOKEN or --token-file.")
    return Panel(options.url, token)


def _follow(panel: Panel, run: dict[str, Any], options: Any) -> int:
    if options.wait is not None and not run["done"]:
        with Bar(run["total"]) as bar:
            seconds = None if math.isinf(options.wait) else options.wait
            run = panel.wait(run["id"], seconds=seconds, told=lambda now: bar.show(_answered(now)))
    counts = ", ".join(f"{count} {name}" for name, count in run["counts"].items() if count)
    _show(options, run, lambda: [f"run {run['id']}: {run['state']}; {counts or 'nothing in it'}"])
    if options.wait is None:
        return DONE
    if not run["done"]:
        return STILL_GOING
    bad = sum(count for name, count in run["counts"].items() if name not in (*CUT, "skipped"))
    return SOME_NOT if bad else DONE


def _follow_hold(panel: Panel, hold: dict[str, Any], options: Any, *, by_hand: bool = False) -> int:
    """As `hold_connections --wait` of the panel: 0 when it ended quiet, or by hand, and all is put back."""
    if options.wait is not None:
        seconds = None if math.isinf(options.wait) else options.wait
        hold = panel.wait_for_hold(hold["id"], seconds=seconds)
    how = f"ended, {hold['ended_how']}" if hold["done"] else "on"
    counts = f"{hold['returned']} came back, {hold['stopped_again']} stopped again"
    _show(options, hold, lambda: [f"hold {hold['id']}: {how}; {counts}", *_unrestored(hold)])
    if options.wait is None:
        return DONE
    if not hold["done"]:
        return STILL_GOING
    return DONE if (by_hand or hold["ended_how"] == "quiet") and not _unrestored(hold) else SOME_NOT


def _unrestored(hold: dict[str, Any]) -> list[str]:
    """What it switched off and has not put back, a line each."""
    waiting = [one for one in hold["measures"] if one["restore"] not in (None, "restored", "passed_on", "given_up")]
    names = ("device_address", "measure", "restore", "restore_why")
    return [f"  {'  '.join(shown(one[name]) for name in names)}" for one in waiting]


def _answered(run: dict[str, Any]) -> int:
    return int(run["total"] - run["counts"]["queued"] - run["counts"]["sending"])


def _show(options: Any, found: Any, lines: Callable[[], list[str]]) -> None:
    print(json.dumps(found, ensure_ascii=False) if options.json else "\n".join(lines()))


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="connection id")
    parser.add_argument("--match", metavar="FILTER", help="the panel's search")
    parser.add_argument("--reason", required=True, help="why; kept in the history")
    parser.add_argument("--ticket", default="")
    parser.add_argument("--expected-count", type=int, metavar="N", help="refuse any other number")
    parser.add_argument("--max-count", type=int, metavar="N", help="refuse more")
    parser.add_argument("--key", help="of this wish; the same again leads to the same run or hold")
    _add_wait(parser)


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", nargs="?", type=float, const=math.inf, metavar="SECONDS", help="until it is done, at most so long"
    )
