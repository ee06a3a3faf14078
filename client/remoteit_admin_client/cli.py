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

from remoteit_admin_client.output import Bar, table
from remoteit_admin_client.panel import Panel, Refused, Unreachable

DONE, SOME_NOT, WRONG_USE, STILL_GOING = 0, 1, 2, 3
CUT = ("stopped", "already_gone")
OUTCOMES = (*CUT, "refused", "failed", "unknown", "skipped", "cancelled", "queued", "sending")
BASH = """_remoteit_admin() {
  local words="%s"
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _remoteit_admin remoteit-admin
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n"


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
    stopped.add_argument("ids", nargs="*", metavar="ID", help="connection id")
    stopped.add_argument("--match", metavar="FILTER")
    stopped.add_argument("--reason", required=True, help="why; kept in the history")
    stopped.add_argument("--ticket", default="")
    stopped.add_argument("--expected-count", type=int, metavar="N", help="refuse any other number")
    stopped.add_argument("--max-count", type=int, metavar="N", help="refuse more")
    stopped.add_argument("--dry-run", action="store_true", help="say what would be stopped, and stop nothing")
    stopped.add_argument("--key", help="of this wish: the same again leads to the same run")
    _add_wait(stopped)

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
    words = "list stop run history evidence completion --url --token-file --match --reason --ticket --wait --json"
    print((ZSH if options.shell == "zsh" else "") + BASH % words, end="")
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


def _answered(run: dict[str, Any]) -> int:
    return int(run["total"] - run["counts"]["queued"] - run["counts"]["sending"])


def _show(options: Any, found: Any, lines: Callable[[], list[str]]) -> None:
    print(json.dumps(found, ensure_ascii=False) if options.json else "\n".join(lines()))


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", nargs="?", type=float, const=math.inf, metavar="SECONDS", help="until it is done, at most so long"
    )
