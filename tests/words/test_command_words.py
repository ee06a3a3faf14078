"""Arguments that are no text: the shell hands over any bytes, the history holds words."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.commands import ROOT, command_line

BROKEN = os.fsdecode(b"a\xffb")
COMMANDS = (
    ("stop_connections", "--user", "alice", "--all-active", "--reason", BROKEN),
    ("stop_connections", "--user", "alice", "--all-active", "--reason", "leak", f"--ticket={BROKEN}"),
    ("stop_connections", "--user", BROKEN, "--all-active", "--reason", "leak"),
    ("stop_connections", "--user", "alice", "--all-active", "--reason", "leak", "--account", BROKEN),
    ("stop_connections", "--user", "alice", "--reason", "leak", BROKEN),
    ("import_connections", BROKEN),
    ("sync", "--account", BROKEN),
    ("export_audit", "--format", "jsonl", "--user", BROKEN),
    ("changepassword", BROKEN),
    ("createsuperuser", "--username", BROKEN),
)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_what_is_no_text_is_refused_in_a_sentence(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(command_line(*arguments), cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith("a\\xffb' is no text in utf-8. Nothing was done.\n")
    assert ended.stderr.count("\n") == 1
