"""Check the evidence of a hold without the panel: python3 verify_hold.py EVIDENCE.zip [--key KEY]

It stands beside verify_evidence.py, which checks each run. Ends with 0: it fits, and KEY signed it; 1: it does not fit;
2: it could not be checked; 3, without --key: it fits itself, but anybody may have signed it. Needs `cryptography`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path
from typing import Any

try:
    from connections.evidence import verify_evidence as one_run
except ImportError:  # alone, in the folder into which the ZIP was unpacked
    import verify_evidence as one_run  # type: ignore[no-redef,import-not-found]

FORMAT = "remoteit-admin hold evidence v1"
HOLD = "hold.json"
RUNS = "runs/"
PARTS = {"format", "recorded", "lines", "runs", "chain", "checkpoint"}


def check(files: dict[str, bytes], key: str | None = None) -> Any:
    """Everything that the files show by themselves. Returns hold.json. Raises DoesNotFit and NotChecked.

    `key`: the public key that must have signed them; None when nobody knows it.
    """
    try:
        hold = one_run.read_json(files[HOLD])
        named = hold["checkpoint"]["public_key"]
        check_files(files, named)
        check_hold(hold)
        check_runs(hold, files, named)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise one_run.DoesNotFit(f"{HOLD} is not what it should be: {error!r}") from None
    one_run.require(key in (None, named), f"it was signed by {named}, not by {key}")
    return hold


def check_files(files: dict[str, bytes], key: str) -> None:
    """Each file is as it was when the sums were signed, and none was added or left out."""
    sums = files.get(one_run.SUMS, b"").decode()
    signature = files.get(one_run.SIGNATURE, b"").decode().removesuffix("\n")
    one_run.require_signature(key, signature, f"{FORMAT}\n{sums}", one_run.SUMS)
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())}
    odd = {*listed} ^ ({*files} - {one_run.SUMS, one_run.SIGNATURE})
    one_run.require(not odd, f"{min(odd, default='')} is missing, or is not listed in {one_run.SUMS}")
    for name, digest in listed.items():
        fits = hashlib.sha256(files[name]).hexdigest() == digest
        one_run.require(fits, f"{name} was changed after {one_run.SUMS} was signed")


def check_hold(hold: Any) -> None:
    """The chain is whole from the hold's first line to the checkpoint, and all lines of the hold in it are told."""
    one_run.require({*hold} == PARTS and hold["format"] == FORMAT, f"it is not of the format {FORMAT}")
    shown = one_run.check_chain(hold["chain"])
    one_run.check_checkpoint(hold["checkpoint"], hold["chain"][-1])
    number = shown[0][1]["hold_id"]
    mine = [one_run.told(line) for line in shown if line[1].get("hold_id") == number]
    one_run.require(shown[0][1]["action"] == "hold.requested", "the chain does not begin with the hold's first line")
    one_run.require_same(hold["lines"], mine, "lines")


def check_runs(hold: Any, files: dict[str, bytes], key: str) -> None:
    """Each run of the hold has its own evidence, which fits by itself and is signed by the same key."""
    names = {f"{RUNS}evidence-run-{number}.zip" for number in hold["runs"]}
    one_run.require(names == {name for name in files if name.startswith(RUNS)}, "its runs are not those that it names")
    for name in sorted(names):
        with zipfile.ZipFile(io.BytesIO(files[name])) as archive:
            one_run.check_archive(archive.infolist(), len(files[name]))
            inside = {one.filename: one_run.read_entry(archive, one) for one in archive.infolist()}
        run = one_run.check(inside, key)
        one_run.require(f"{RUNS}evidence-run-{run['run']['run_id']}.zip" == name, f"{name} is of another run")
        check_terms(hold["lines"][0], run)


def check_terms(requested: Any, run: Any) -> None:
    """A second person's yes was one to this hold's selector, level, caps and deadline, as its first line tells them."""
    for line in run["about"]:
        for name, value in line.get("hold", {}).items():
            same = one_run.is_same(requested.get(name, type(value)()), value)
            one_run.require(same, f"second person: the yes was one to another hold: {name}")


def read_files(path: Path) -> dict[str, bytes]:
    """The files in the ZIP by name. Raises NotChecked for what is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked, size = sum(one.file_size for one in archive.infolist()), path.stat().st_size
            if unpacked > min(one_run.LARGEST, max(one_run.SMALL, one_run.DENSEST * size)):
                raise one_run.NotChecked(f"this ZIP of {size:,} bytes unpacks to {unpacked:,}")
            return {one.filename: one_run.read_entry(archive, one) for one in archive.infolist() if not one.is_dir()}
    except zipfile.BadZipFile as error:
        raise one_run.NotChecked(f"{path} is no ZIP: {error}") from None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("path", type=Path, metavar="EVIDENCE.zip")
    parser.add_argument("--key", type=one_run.public_key, metavar="KEY", help="the key that must have signed it")
    options = parser.parse_args()
    try:
        hold = check(read_files(options.path), options.key)
        code = one_run.SIGNER_NOT_CHECKED if options.key is None else one_run.FITS
        said = f"OK: hold {hold['lines'][0]['hold_id']}, {len(hold['lines'])} lines, {len(hold['runs'])} runs."
    except one_run.DoesNotFit as error:
        code, said = one_run.DIFFERS, f"NO: {error}"
    except (one_run.NotChecked, OSError) as error:
        code, said = one_run.NOT_CHECKED, f"NOT CHECKED: {error}"
    sys.stdout.write("".join(char if char.isprintable() else "?" for char in said) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
