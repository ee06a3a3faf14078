"""The stand-alone verifier as a process: what it says of which file, and the exit code that scripts rely on."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connections.audit.signing import public_text, sign
from connections.evidence import verify_evidence
from connections.evidence.verify_evidence import DoesNotFit, check, check_chain, read_files

Files = dict[str, bytes]

EARLIER = Path(__file__).parent / "earlier" / "evidence-2ea1f0a.zip"
"""What a panel at 2ea1f0a handed out."""
KEY = "aQ7IKAy9GCIoOYCIaP0miyfMTM028nFDAU0Q/Siu1VA="
ATTACKER = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
FITS, DIFFERS, NOT_CHECKED, SIGNER_NOT_CHECKED = 0, 1, 2, 3


def as_process(*arguments: str | Path, **variables: str) -> tuple[int, str]:
    """Run Python with `arguments`; its exit code, and what was said."""
    env = {**os.environ, **variables}
    ended = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, check=False)
    assert b"Traceback" not in ended.stderr
    return ended.returncode, (ended.stdout + ended.stderr).decode("latin-1")


Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """The script's `main` with these arguments; the exit code, and what was said."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["verify_evidence.py", *map(str, arguments)])
        try:
            code = verify_evidence.main()
        except SystemExit as ended:
            code = int(str(ended.code))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def packed(files: Files, path: Path, folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return path


def signed_by_attacker(files: Files) -> Files:
    """`files` with sums and signature of somebody who has everything but the panel's key."""
    listed = [name for name in files if not name.startswith("SHA256SUMS")]
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in listed)
    signature = sign(ATTACKER, f"remoteit-admin evidence v1\n{sums}")
    return {**files, "SHA256SUMS": sums.encode(), "SHA256SUMS.sig": f"{signature}\n".encode()}


def forged(change: Callable[[str], str] = str) -> Files:
    """Evidence whose every signature is the attacker's, its `evidence.json` changed as text before it was signed."""
    files = read_files(EARLIER)
    evidence = json.loads(files["evidence.json"])
    checkpoint = evidence["checkpoint"]
    text = f"remoteit-admin checkpoint v1\n{checkpoint['seq']}\n{checkpoint['hash']}\n{checkpoint['at']}\n"
    checkpoint |= {"public_key": public_text(ATTACKER), "signature": sign(ATTACKER, text)}
    return signed_by_attacker({**files, "evidence.json": change(json.dumps(evidence)).encode()})


# -- who signed it


def test_what_an_earlier_version_handed_out_still_fits(verify: Verify) -> None:
    code, said = verify(EARLIER, "--key", KEY)
    assert (code, said[:9]) == (FITS, "OK: run 1")


def test_without_a_key_it_says_that_the_signer_was_not_checked(verify: Verify) -> None:
    code, said = verify(EARLIER)
    assert code == SIGNER_NOT_CHECKED
    assert said.startswith("Fits itself; who signed it was not checked: run 1 of Zoë Žák")
    assert "OK" not in said


def test_what_anybody_signed_anew_fits_itself_and_not_the_key(verify: Verify, tmp_path: Path) -> None:
    path = packed(forged(), tmp_path / "run.zip")
    assert verify(path)[0] == SIGNER_NOT_CHECKED
    code, said = verify(path, "--key", KEY)
    assert (code, said[:21]) == (DIFFERS, "NO: it was signed by ")


@pytest.mark.parametrize("key", ["", " ", "nonsense", "ä", KEY[:-2], f" {KEY}", KEY[:-2] + "B="])
def test_a_key_that_is_none_is_wrong_use_and_never_taken_for_no_key(verify: Verify, key: str) -> None:
    code, said = verify(EARLIER, "--key", key)
    assert code == NOT_CHECKED
    assert "is no public key" in said


def test_an_empty_key_is_not_none_for_who_calls_it_either() -> None:
    with pytest.raises(DoesNotFit, match="it was signed by"):
        check(read_files(EARLIER), "")


# -- what it can't check


def a_folder(path: Path) -> Path:
    path.mkdir()
    return path


def a_text(path: Path) -> Path:
    path.write_text("no archive")
    return path


def a_download_that_broke_off(path: Path) -> Path:
    path.write_bytes(EARLIER.read_bytes()[:1000])
    return path


def a_zip_of_something_else(path: Path) -> Path:
    return packed({"holiday.jpg": b""}, path)


def a_zip_that_was_packed_again_with_its_folder(path: Path) -> Path:
    return packed(read_files(EARLIER), path, "evidence-run-1/")


def a_zip_that_a_mac_packed_again(path: Path) -> Path:
    return packed({**read_files(EARLIER), "__MACOSX/._evidence.json": b""}, path)


def a_zip_with_what_a_file_manager_leaves(path: Path) -> Path:
    return packed({**read_files(EARLIER), ".DS_Store": b""}, path)


def an_encrypted_zip(path: Path) -> Path:
    return with_directory_byte(path, 8)


def a_zip_of_an_unknown_compression(path: Path) -> Path:
    return with_directory_byte(path, 10)


def a_missing_file(path: Path) -> Path:
    return path


def with_directory_byte(path: Path, place: int) -> Path:
    """The evidence with an odd value at `place` of its directory's first entry."""
    content = EARLIER.read_bytes()
    at = content.index(b"PK\x01\x02") + place
    path.write_bytes(content[:at] + b"\x01" + content[at + 1 :])
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (a_folder, "this is a folder"),
        (a_text, "this is no ZIP archive"),
        (a_download_that_broke_off, "this is no ZIP archive, or not a whole one"),
        (a_zip_of_something_else, "this ZIP is no evidence of a run: it holds holiday.jpg"),
        (a_zip_that_was_packed_again_with_its_folder, "this was packed again, with a folder: evidence-run-1/"),
        (a_zip_that_a_mac_packed_again, "this was packed again by a file manager, which put __MACOSX/"),
        (a_zip_with_what_a_file_manager_leaves, "this was packed again by a file manager, which put .DS_Store"),
        (an_encrypted_zip, "evidence.json is encrypted, or packed in a way that evidence never is"),
        (a_zip_of_an_unknown_compression, "evidence.json is encrypted, or packed in a way that evidence never is"),
        (a_missing_file, "can't be read: No such file or directory"),
    ],
)
def test_what_it_can_not_check_is_called_by_its_name_and_never_a_forgery(
    verify: Verify, tmp_path: Path, make: Callable[[Path], Path], says: str
) -> None:
    code, said = verify(make(tmp_path / "run.zip"), "--key", KEY)
    assert code == NOT_CHECKED
    assert said.startswith("NOT CHECKED: ")
    assert says in said


def test_without_its_package_it_could_not_check() -> None:
    code, said = as_process("-I", "-S", verify_evidence.__file__, EARLIER)
    assert (code, said[:38]) == (NOT_CHECKED, "NOT CHECKED: the package `cryptography`"[:38]), said


def test_the_same_files_packed_again_without_a_trace_fit(verify: Verify, tmp_path: Path) -> None:
    files = dict(reversed(read_files(EARLIER).items()))
    assert verify(packed(files, tmp_path / "run.zip"), "--key", KEY)[0] == FITS


# -- what does not fit


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (b"another archive", b"", "something stands before its first file"),
        (b"", b"\n", "something stands after its last file"),
    ],
)
def test_what_stands_around_the_archive_is_found(
    verify: Verify, tmp_path: Path, before: bytes, after: bytes, says: str
) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(before + EARLIER.read_bytes() + after)
    code, said = verify(path, "--key", KEY)
    assert (code, says in said) == (DIFFERS, True), said


def test_a_comment_of_the_archive_is_found(verify: Verify, tmp_path: Path) -> None:
    shutil.copy(EARLIER, path := tmp_path / "run.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"checked by nobody"
    code, said = verify(path, "--key", KEY)
    assert (code, "something stands after its last file" in said) == (DIFFERS, True)


def test_damage_inside_names_the_file(verify: Verify, tmp_path: Path) -> None:
    content = bytearray(EARLIER.read_bytes())
    content[200:240] = b"\xff" * 40
    (tmp_path / "run.zip").write_bytes(content)
    code, said = verify(tmp_path / "run.zip")
    assert (code, said[:39]) == (DIFFERS, "NO: evidence.json is damaged in the ZIP"), said


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ('"format":', '"format": "another", "format":', "a name stands there twice"),
        ('"recorded": {', '"recorded": {"more": NaN, ', "NaN is no number"),
        ('"recorded": {', '"recorded": {"more": -Infinity, ', "-Infinity is no number"),
        ('"recorded": {', '"recorded": {"more": 1e999, ', "1e999 is no number"),
    ],
)
def test_json_that_two_readers_may_read_in_two_ways_is_refused(written: str, instead: str, says: str) -> None:
    check(forged())
    with pytest.raises(DoesNotFit, match=says):
        check(forged(lambda text: text.replace(written, instead, 1)))


def test_a_line_of_the_chain_names_nothing_twice() -> None:
    text = '{"action":"stop.requested","action":"stop.sent"}'
    digest = hashlib.sha256(text.encode()).hexdigest()
    link = {"seq": 1, "prev_hash": "0" * 64, "body": text}
    with pytest.raises(ValueError, match="a name stands there twice"):
        check_chain([{**link, "hash": hashlib.sha256(("0" * 64 + digest).encode()).hexdigest()}])


# -- whatever the console speaks


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_console_that_can_not_show_a_name_changes_no_exit_code(tmp_path: Path, variables: dict[str, str]) -> None:
    code, said = as_process(verify_evidence.__file__, EARLIER, "--key", KEY, **variables)
    assert (code, "\\u017d" in said) == (FITS, True), said
    path = packed({**read_files(EARLIER), "Žák.txt": b""}, tmp_path / "run.zip")
    code, said = as_process(verify_evidence.__file__, path, **variables)
    assert (code, "\\u017d" in said) == (DIFFERS, True), said


@pytest.mark.parametrize("output", [">/dev/full", ">&-", "| true"])
def test_a_result_that_can_not_be_told_is_no_forgery(output: str) -> None:
    # The verifier writes once whoever reads the pipe is gone.
    shell = f'set -o pipefail; {{ sleep 0.1; "$@"; }} {output}'
    command = ["bash", "-c", shell, "bash", sys.executable, verify_evidence.__file__, EARLIER, "--key", KEY]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert (ended.returncode, b"Traceback" in ended.stderr) == (NOT_CHECKED, False), ended.stderr
    assert b"NOT CHECKED: nothing could be written" in ended.stderr


# -- bombs


PEAK = """
import re, runpy, sys
try:
    runpy.run_path(sys.argv[1], run_name="__main__", init_globals=sys.argv.pop(0) and None)
finally:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def peak_of(path: Path) -> tuple[int, str, int]:
    """Exit code, what was said, and the most memory that the verifier took, in MB."""
    code, said = as_process("-c", PEAK, verify_evidence.__file__, path)
    *lines, peak = said.splitlines()
    return code, "\n".join(lines), int(peak) // 1024


def test_a_bomb_is_refused_by_the_size_that_it_names(tmp_path: Path) -> None:
    path = packed({**read_files(EARLIER), "more.txt": b"\0" * 60_000_000}, tmp_path / "run.zip")
    code, said, peak = peak_of(path)
    assert (code, "unpacks to 60," in said) == (NOT_CHECKED, True), said
    assert peak < 60


def test_a_bomb_that_names_a_small_size_is_not_unpacked_further(tmp_path: Path) -> None:
    path = packed({**read_files(EARLIER), "more.txt": b"\0" * 100_000_000}, tmp_path / "run.zip")
    said_size = (100_000_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(said_size, (10).to_bytes(4, "little")))
    code, said, peak = peak_of(path)
    assert (code, said) == (DIFFERS, "NO: more.txt is damaged in the ZIP: Bad CRC-32 for file 'more.txt'")
    assert peak < 60


@pytest.mark.slow
def test_three_megabytes_that_hold_three_thousand_cost_nothing(tmp_path: Path) -> None:
    path = packed(read_files(EARLIER), tmp_path / "run.zip")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("more", "w", force_zip64=True) as file,
    ):
        for _ in range(3000):
            file.write(b"\0" * 2**20)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    code, said, peak = peak_of(path)
    assert (code, "unpacks to 3,145," in said) == (NOT_CHECKED, True), said
    assert peak < 60
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 2
