"""The completion for a shell, made from the parser: each command is followed by its own options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

BASH = """_remoteit_admin() {
  local words="%s" one
  for one in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$one" in
%s
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _remoteit_admin remoteit-admin
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n"


def script(shell: str, commands: Mapping[str, argparse.ArgumentParser]) -> str:
    """What `shell`, bash or zsh, evaluates; `commands` by their names."""
    cases = "\n".join(f'      {name}) words="{_words(one)}" ;;' for name, one in commands.items())
    first = " ".join((*commands, "--url", "--token-file"))
    return (ZSH if shell == "zsh" else "") + BASH % (first, cases)


def _words(parser: argparse.ArgumentParser) -> str:
    """What may follow a command: its options, and the words that its arguments take."""
    found: list[str] = []
    for action in parser._actions:  # argparse has no public way to ask
        found += action.option_strings or action.choices or ()
    return " ".join(one for one in found if one != "-h")
