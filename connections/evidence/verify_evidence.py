"""Checks the evidence of one stop run, without the panel that wrote it: verify_evidence.py EVIDENCE.zip [--key KEY]

KEY is the panel's public key, in base64, as you know it from elsewhere. Needs the package `cryptography`. Ends with
0: it fits, and KEY signed it; 1: it does not fit, and the first thing that does not is named; 2: it could not be
checked, and nothing is said about it; 3, without --key: it fits itself, but anybody may have made and signed it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import math
import sys
import zipfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError as error:
    if __name__ != "__main__":
        raise
    sys.stdout.write(f"NOT CHECKED: the package `cryptography` is not installed here: {error}\n")
    sys.exit(2)  # Python's own code for an import that fails is 1

FITS, DIFFERS, NOT_CHECKED, SIGNER_NOT_CHECKED = range(4)
EVIDENCE, SUMS, SIGNATURE = "evidence.json", "SHA256SUMS", "SHA256SUMS.sig"
FORMAT = "remoteit-admin evidence v1"
PARTS = {*"format recorded run items left_out counts verdicts about lists chain checkpoint".split()}
ANSWER = "at outcome item_outcome upstream_status upstream_reason took_ms possibly_by_attempt late".split()
VERDICT = "at verdict why list_seq came_back_as came_back_after_s".split()
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"}
AS_GIVEN = "Take the ZIP as the panel gave it out."
LARGEST, SMALL, DENSEST = 2**31, 2**24, 100
"""Bytes that are unpacked at the most; below how many any ZIP may; and else how many for each byte of it."""
Json = dict[str, Any]
Line = tuple[int, Json]


class DoesNotFit(Exception):
    """The first thing that does not fit, in words."""


class NotChecked(Exception):
    """Why nothing can be said about it, in words."""


def check(files: dict[str, bytes], key: str | None = None) -> Json:
    """What evidence.json of `files`, by name, holds; signed by `key`, in base64 (None: by any). Raises DoesNotFit."""
    try:
        evidence: Json = read_json(files.get(EVIDENCE, b""))
        named = evidence["checkpoint"]["public_key"]
        check_files(files, named)
        check_evidence(evidence)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DoesNotFit(f"{EVIDENCE} is not what it should be: {error!r}") from None
    require(key in (None, named), f"it was signed by {named}, not by {key}")
    return evidence


def read_json(text: str | bytes) -> Any:
    """`text` read in the one way in which everybody reads it: no name twice, no NaN, nothing infinite."""

    def number(digits: str) -> float:
        if not math.isfinite(value := float(digits)):
            raise ValueError(f"{digits} is no number")
        return value

    def named(pairs: list[tuple[str, Any]]) -> Json:
        if len(values := dict(pairs)) != len(pairs):
            raise ValueError(f"a name stands there twice among {[name for name, _ in pairs]}")
        return values

    return json.loads(text, parse_constant=number, parse_float=number, object_pairs_hook=named)


def check_files(files: dict[str, bytes], key: str) -> None:
    """Each file is as it was when SHA256SUMS was signed, and none was added or left out. Raises DoesNotFit."""
    sums = files.get(SUMS, b"").decode()
    signature, end = files.get(SIGNATURE, b"").decode()[:-1], files.get(SIGNATURE, b"")[-1:]
    require_signature(key, signature if end == b"\n" else "", f"{FORMAT}\n{sums}", SUMS)
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())}
    odd = {*listed} ^ ({*files} - {SUMS, SIGNATURE})
    require(not odd, f"{min(odd, default='')} is missing, or is not listed in {SUMS}")
    for name, digest in listed.items():
        require(hashlib.sha256(files[name]).hexdigest() == digest, f"{name} was changed after {SUMS} was signed")


def check_evidence(evidence: Json) -> None:
    """Everything that the chain can show: recompute it and compare. Raises DoesNotFit and what wrong shapes raise."""
    require({*evidence} == PARTS and evidence["format"] == FORMAT, f"it is not of the format {FORMAT}")
    lines = check_chain(evidence["chain"])
    check_checkpoint(evidence["checkpoint"], evidence["chain"][-1])
    run = check_run(evidence, lines)
    check_second_person(evidence)
    check_items(evidence, [line for line in lines if line[1].get("run_id") == run and "item_id" in line[1]])
    require_same(evidence["counts"], Counter(item["outcome"] for item in evidence["items"]), "counts")
    verdicts = Counter(item["verdict"]["verdict"] for item in evidence["items"] if "verdict" in item)
    require_same(evidence["verdicts"], verdicts, "verdicts")


def check_chain(chain: list[Json]) -> list[Line]:
    """Each line continues the one before it. Returns those whose text is shown."""
    shown, before = [], None
    for number, link in enumerate(chain, start=1):
        where = f"line {number} of the chain (event {link['seq']})"
        text = link.get("body")
        digest = link["body_sha256"] if text is None else hashlib.sha256(text.encode()).hexdigest()
        names = {"seq", "prev_hash", "hash", "body_sha256" if text is None else "body"}
        require({*link} == names, f"{where}: it has fields that no line has")
        if before:
            continues = is_same(link["seq"], before["seq"] + 1) and link["prev_hash"] == before["hash"]
            require(continues, f"{where}: it does not continue the line before it")
        fits = hashlib.sha256((link["prev_hash"] + digest).encode()).hexdigest() == link["hash"]
        require(fits, f"{where}: its hash does not fit")
        if text is not None:
            shown.append((link["seq"], read_json(text)))
        before = link
    return shown


def check_checkpoint(checkpoint: Json, last: Json) -> None:
    require_same([checkpoint["seq"], checkpoint["hash"], len(checkpoint)], [last["seq"], last["hash"], 5], "checkpoint")
    text = f"remoteit-admin checkpoint v1\n{checkpoint['seq']}\n{checkpoint['hash']}\n{checkpoint['at']}\n"
    require_signature(checkpoint["public_key"], checkpoint["signature"], text, "the checkpoint")


def check_run(evidence: Json, lines: list[Line]) -> int:
    """What is said of the run is what its lines say. Returns its number."""
    first_seq, first = lines[0]
    is_first = first["action"] == "stop.requested" and first_seq == evidence["chain"][0]["seq"]
    require(is_first, "the chain does not begin with the run's own first line")
    run: int = first["run_id"]
    require_same(evidence["run"], told(lines[0]), "run")
    about = [told(line) for line in lines[1:] if line[1].get("run_id") == run and "item_id" not in line[1]]
    require_same(evidence["about"], about, "about")
    require_same(evidence["lists"], [told(line) for line in lines if line[1].get("run_id") != run], "lists")
    require(len(evidence["left_out"]) == first["skipped"], "left_out: the run's first line says another number")
    return run


def check_second_person(evidence: Json) -> None:
    """Where one was needed: somebody else, in time, said yes to exactly this list, reason, ticket and end."""
    run, decided = evidence["run"], {"run.approved": "approved", "glass.broken": "glass"}
    told = [line for line in evidence["about"] if line["action"] in decided]
    said = [decided[line["action"]] for line in told]
    asked = run.get("second_person", "not_required")
    require(said == ([] if asked == "not_required" else [asked]), "second person: the run's first line says otherwise")
    for line in told:
        alone = {line["actor"], line["actor_id"]} & {run["actor"], run["actor_id"]}
        require(
            bool(alone) == (asked == "glass"), "second person: it is the person who asked, or another broke the glass"
        )
        bound = {name: run[name] for name in "run_id actor actor_id list_sha256 count reason".split()}
        accounts = sorted({item["account"] for item in evidence["items"]})
        bound |= {"ticket": run.get("ticket", ""), "accounts": accounts, "expires_at": line["expires_at"]}
        bound |= {"hold": line["hold"]} if "hold" in line else {}
        text = json.dumps(bound, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        fits = hashlib.sha256(text.encode()).hexdigest() == line["binding_sha256"]
        require(fits, "second person: the yes was one to another list, reason, ticket or end")
        require(line["at"] <= line["expires_at"], "second person: the yes came too late")


def check_items(evidence: Json, lines: list[Line]) -> None:
    """The items are those of the frozen list, and each tells what its lines tell."""
    frozen = hashlib.sha256()
    by_item = defaultdict(list)
    for line in lines:
        by_item[line[1]["item_id"]].append(line)
    cancelled = any(line["action"] == "run.cancelled" for line in evidence["about"])
    lists = {line["seq"]: line for line in evidence["lists"]}
    for number, item in enumerate(evidence["items"], start=1):
        own = by_item.pop(item.get("item_id"), [])
        identity = {name: item[name] for name in ("account", "device_address", "connection_id")}
        for seq, body in own:
            is_its = all(body[name] == value for name, value in identity.items())
            require(is_its, f"item {number}: event {seq} is about another connection")
        story = {**identity, **item_story(own, cancelled=cancelled)}
        require_same({name: value for name, value in item.items() if name != "recorded"}, story, f"item {number}")
        check_verdict(story, lists, own[-1][1]["account_id"] if own else None, f"item {number}")
        frozen.update(("\t".join(identity.values()) + "\n").encode())
    require(not by_item, "items: there are lines about an item that is not in the list")
    require_same(frozen.hexdigest(), evidence["run"]["list_sha256"], "items")
    require(len(evidence["items"]) == evidence["run"]["count"], "items: the run's first line says another number")


def check_verdict(item: Json, lists: dict[int, Json], account: int | None, where: str) -> None:
    """A verdict by a list rests on a complete one of its account that was asked for after the last answer."""
    verdict = item.get("verdict", {})
    if verdict.get("verdict", "unverified") == "unverified":
        return
    read = lists.get(verdict["list_seq"], {})
    asked = lists.get(read.get("list_seq", 0), {})
    answered = max((answer["seq"] for attempt in item["attempts"] for answer in attempt["answers"]), default=0)
    rests = read.get("complete") is True and asked.get("action") == "list.started" and asked["seq"] > answered
    require(rests and read["account_id"] == asked["account_id"] == account, f"{where}: no list bears its verdict out")


def item_story(lines: list[Line], *, cancelled: bool) -> Json:
    """What became of one item, by its own lines in order. `cancelled`: the run was, which no line of an item says."""
    attempts: list[Json] = []
    latest: dict[int, Json] = {}  # by number, which a withdrawn attempt leaves to the next
    story: Json = {"attempts": attempts, "outcome": ""}
    for seq, body in lines:
        story["item_id"] = body["item_id"]
        if body["action"] == "stop.sent":
            facts: Json = {name: body[name] for name in ("attempt", "call") if name in body}
            latest[body["attempt"]] = {**facts, "seq": seq, "sent_at": body["at"], "answers": []}
            attempts.append(latest[body["attempt"]])
        elif body["action"] == "stop.answered":
            latest[body["attempt"]]["answers"].append(chosen(seq, body, ANSWER))
            story["outcome"] = body.get("item_outcome") or story["outcome"]
        elif body["action"] == "stop.withdrawn":
            latest[body["attempt"]]["withdrawn"] = chosen(seq, body, ["at", "why"])
        elif body["action"] == "stop.skipped":
            story["outcome"] = body.get("item_outcome", "skipped")
            story["skipped"] = chosen(seq, body, ["at", "why"])
        elif body["action"] == "stop.verified":
            story["verdict"] = chosen(seq, body, VERDICT)
    story["outcome"] = story["outcome"] or unfinished(attempts, cancelled=cancelled)
    return story


def unfinished(attempts: list[Json], *, cancelled: bool) -> str:
    """The state of an item that no answer has settled."""
    if attempts and not attempts[-1]["answers"] and "withdrawn" not in attempts[-1]:
        return "sending"
    if not cancelled:
        return "queued"
    unclear = any(answer["outcome"] == "unknown" for attempt in attempts for answer in attempt["answers"])
    return "unknown" if unclear else "cancelled"


def chosen(seq: int, body: Json, names: list[str]) -> Json:
    return {"seq": seq, **{name: body[name] for name in names if name in body}}


def told(line: Line) -> Json:
    return {**line[1], "seq": line[0]}


def is_same(one: Any, other: Any) -> bool:  # as text: Python holds 1, 1.0 and True for equal
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def require_same(one: Any, other: Any, where: str) -> None:
    require(is_same(one, other), f"{where}: the lines of the chain say something else")


def require(fits: bool, finding: str) -> None:
    if not fits:
        raise DoesNotFit(finding)


def require_signature(key: str, signature: str, text: str, what: str) -> None:
    try:
        public, signed = (base64.b64decode(one, validate=True) for one in (key, signature))
        Ed25519PublicKey.from_public_bytes(public).verify(signed, text.encode())
        # The same bits have several spellings in Base64, of which one was written.
        fits = [base64.b64encode(public).decode(), base64.b64encode(signed).decode()] == [key, signature]
    except (InvalidSignature, ValueError):
        fits = False
    require(fits, f"the signature of {what} does not fit")


def read_files(path: Path) -> dict[str, bytes]:
    """The files of the ZIP at `path`, by name. Raises NotChecked where it is something else, DoesNotFit, OSError."""
    if path.is_dir():
        raise NotChecked(f"this is a folder. {AS_GIVEN}")
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError) as error:
            raise NotChecked(f"this is no ZIP archive, or not a whole one ({error})") from None
        entries = archive.infolist()
        check_archive(entries, file.seek(0, 2))
        before = min(entry.header_offset for entry in entries)
        require(before == 0, "something stands before its first file, which other programs may take for it")
        file.seek(-22, 2)
        end = file.read()
        after = not end.startswith(b"PK\x05\x06") or not end.endswith(b"\0\0")
        require(not after, "something stands after its last file, which other programs may take for it")
        return {entry.filename: read_entry(archive, entry) for entry in entries}


def check_archive(entries: list[zipfile.ZipInfo], size: int) -> None:
    """`entries` are those of evidence as the panel packed it, in `size` bytes. Raises NotChecked and DoesNotFit."""
    names = [entry.filename for entry in entries]
    litter = [name for name in names if name.endswith("/") or LITTER & {*name.split("/")}]
    if EVIDENCE not in names:
        inside = [name for name in names if name.replace("\\", "/").endswith(f"/{EVIDENCE}")]
        if inside:
            raise NotChecked(f"this was packed again, with a folder: {inside[0]}. {AS_GIVEN}")
        raise NotChecked(f"this ZIP is no evidence of a run: it holds {', '.join(names[:5]) or 'nothing'}")
    if litter:
        raise NotChecked(f"this was packed again by a file manager, which put {litter[0]} into it. {AS_GIVEN}")
    require(len({*names}) == len(names), "it holds two files of one name")
    unpacked, most = sum(entry.file_size for entry in entries), min(LARGEST, max(SMALL, DENSEST * size))
    if unpacked > most:
        raise NotChecked(f"this ZIP of {size:,} bytes unpacks to {unpacked:,}, which is more than {most:,}")
    for entry in entries:
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotChecked(f"{entry.filename} is encrypted, or packed in a way that evidence never is. {AS_GIVEN}")


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """What it unpacks to: no more than it says, since at once it would be unpacked whole. Raises DoesNotFit."""
    try:
        with archive.open(entry) as file:
            return b"".join(iter(lambda: file.read(2**20), b""))
    except (EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DoesNotFit(f"{entry.filename} is damaged in the ZIP: {error}") from None


def summary(evidence: Json, *, signer_checked: bool) -> list[str]:
    run, checkpoint, first = evidence["run"], evidence["checkpoint"], evidence["chain"][0]["seq"]
    counts = ", ".join(f"{count} {outcome}" for outcome, count in evidence["counts"].items())
    what = f"run {run['run_id']} of {run.get('actor', 'nobody')}, {run['at']}: {counts}."
    what += f" {second_person(evidence)}"
    signed = f"Events {first} to {checkpoint['seq']}, signed {checkpoint['at']} by {checkpoint['public_key']}"
    if signer_checked:
        return [f"OK: {what}", f"{signed}, the key that you gave."]
    return [
        f"Fits itself; who signed it was not checked: {what}",
        f"{signed}.",
        "Anybody can sign with a key of their own: give the panel's, as you know it from elsewhere, with --key KEY.",
    ]


def second_person(evidence: Json) -> str:
    for line in evidence["about"]:
        if line["action"] == "run.approved":
            return f"Approved by {line['actor']} at {line['at']}, for {line['binding_sha256'][:8]}."
        if line["action"] == "glass.broken":
            return "Started without a second person, by breaking the glass."
    return "No second person was required."


def public_key(text: str) -> str:
    """The command line's key. Raises ArgumentTypeError, which ends with 2: nothing was checked with it."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32 or base64.b64encode(key).decode() != text:
        raise argparse.ArgumentTypeError(f"“{text}” is no public key, which is 44 characters of base64")
    return text


def main() -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console that can't show a name shows its code
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("path", type=Path, metavar="EVIDENCE.zip")
    parser.add_argument("--key", type=public_key, metavar="KEY", help="the public key that must have signed it")
    options = parser.parse_args()
    try:
        evidence = check(read_files(options.path), options.key)
        code = SIGNER_NOT_CHECKED if options.key is None else FITS
        said = summary(evidence, signer_checked=code == FITS)
    except DoesNotFit as error:
        code, said = DIFFERS, [f"NO: {error}"]
    except NotChecked as error:
        code, said = NOT_CHECKED, [f"NOT CHECKED: {error}"]
    except OSError as error:
        code, said = NOT_CHECKED, [f"NOT CHECKED: {options.path} can't be read: {error.strerror}"]
    except Exception as error:  # Python's own code for whatever this is, no memory left among it, would be 1
        code, said = NOT_CHECKED, [f"NOT CHECKED: {error!r}"]
    # Without what a name could turn a terminal's NO into an OK by.
    told = "".join("".join(char if char.isprintable() else "?" for char in line) + "\n" for line in said)
    try:
        sys.stdout.write(told)
        sys.stdout.flush()
    except (AttributeError, OSError) as error:  # no standard output, a full disk, a pipe that nobody reads
        sys.stdout = sys.stderr  # or Python tries again when it ends, and makes the code its own
        sys.stderr.write(f"NOT CHECKED: nothing could be written: {error}\n")
        return NOT_CHECKED
    return code


if __name__ == "__main__":
    sys.exit(main())
