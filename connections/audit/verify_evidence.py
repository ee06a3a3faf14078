"""Checks the evidence of one stop run, without the panel that wrote it: verify_evidence.py EVIDENCE.zip [--key KEY]

Says OK and ends with 0, or names the first thing that does not fit and ends with 1. Without --key, the public key that
you know from elsewhere, it shows that nobody changed this since, not who made it. Needs the package `cryptography`.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zipfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EVIDENCE, SUMS, SIGNATURE = "evidence.json", "SHA256SUMS", "SHA256SUMS.sig"
FORMAT = "remoteit-admin evidence v1"
PARTS = {*"format recorded run items left_out counts verdicts about lists chain checkpoint".split()}
ANSWER = "at outcome item_outcome upstream_status upstream_reason took_ms possibly_by_attempt late".split()
VERDICT = "at verdict why list_seq came_back_as came_back_after_s".split()
Json = dict[str, Any]
Line = tuple[int, Json]


class DoesNotFit(Exception):
    """The first thing that does not fit, in words."""


def check(files: dict[str, bytes], key: str = "") -> Json:
    """What evidence.json of `files`, by name, holds; signed by `key`, in base64 ("": by any). Raises DoesNotFit."""
    try:
        evidence: Json = json.loads(files.get(EVIDENCE, b""))
        named = evidence["checkpoint"]["public_key"]
        check_files(files, named)
        check_evidence(evidence)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DoesNotFit(f"{EVIDENCE} is not what it should be: {error!r}") from None
    require(named == (key or named), f"it was signed by {named}, not by {key}")
    return evidence


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
            shown.append((link["seq"], json.loads(text)))
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
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        require(len({*names}) == len(names), "it holds two files of one name")
        before = min((entry.header_offset for entry in archive.infolist()), default=0)
        require(before == 0, "something stands before its first file, which other programs may take for it")
        return {name: archive.read(name) for name in names}


def summary(evidence: Json) -> list[str]:
    run, checkpoint, first = evidence["run"], evidence["checkpoint"], evidence["chain"][0]["seq"]
    counts = ", ".join(f"{count} {outcome}" for outcome, count in evidence["counts"].items())
    return [
        f"OK: run {run['run_id']} of {run.get('actor', 'nobody')}, {run['at']}: {counts}.",
        f"Events {first} to {checkpoint['seq']}, signed {checkpoint['at']} by {checkpoint['public_key']}.",
        "Compare this key with the one that you know to be the panel's.",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path, metavar="EVIDENCE.zip")
    parser.add_argument("--key", default="", metavar="PUBLIC_KEY", help="the key, in base64, that must have signed")
    options = parser.parse_args()
    try:
        code, said = 0, summary(check(read_files(options.path), options.key))
    except (DoesNotFit, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        code, said = 1, [f"NO: {error}"]
    # Without what a name could turn a terminal's NO into an OK by.
    sys.stdout.writelines("".join(char if char.isprintable() else "?" for char in line) + "\n" for line in said)
    return code


if __name__ == "__main__":
    sys.exit(main())
