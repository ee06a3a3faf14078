"""A worker reads uploaded files: one reader each, and what a dead one leaves is read again."""

from __future__ import annotations

import signal
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from connections.inventory import upload_reader, uploads
from connections.inventory.upload_reader import read_next
from connections.models import Upload, Worker
from connections.sandbox import Sandbox
from tests.support.uploads import make_worker, read_all
from tests.support.workers import worker as running_worker

HEADER = "device_address,connection_id"
ADDRESS = "80:00:00:00:01:00:40:C5"
IMPORT = "/admin/connections/connection/import/"


def good_rows(count: int) -> bytes:
    rows = (f"{ADDRESS},{number:08x}-0000-0000-0000-000000000000" for number in range(count))
    return "\n".join([HEADER, *rows, ""]).encode()


def bad_rows(count: int) -> bytes:
    return f"{HEADER}\n".encode() + b"a,b\n" * count


@pytest.fixture
def dana(alice: User) -> User:
    """An operator who may add connections."""
    alice.user_permissions.add(Permission.objects.get(codename="add_connection"))
    return alice


@pytest.fixture
def importer(client: Client, dana: User) -> Client:
    client.force_login(dana)
    return client


def send(client: Client, content: bytes) -> str:
    response = client.post(IMPORT, {"file": SimpleUploadedFile("kiosks.csv", content, "text/csv")})
    assert response.status_code == 302
    return response.url


def test_a_file_is_kept_and_not_read_in_the_request(importer: Client) -> None:
    page = importer.get(send(importer, good_rows(3))).content.decode()
    upload = Upload.objects.get()
    assert (upload.read_at, upload.reading, bytes(upload.content)) == (None, {}, good_rows(3))
    assert "Reading kiosks.csv" in page
    assert "No worker is alive, so the file is not being read." in page


def test_the_page_says_how_far_it_is_and_looks_again_by_itself(importer: Client) -> None:
    url = send(importer, good_rows(3))
    worker = make_worker()
    assert "Waiting to be read: about 4 lines." in importer.get(url).content.decode()
    Upload.objects.update(reader=worker, line_reached=2)
    page = importer.get(url).content.decode()
    assert "Being read: line 2 of about 4." in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert f'data-url="{url}"' in page
    read_next(worker)
    assert "Import 3 connections?" in importer.get(url).content.decode()


def test_nothing_can_be_imported_before_it_is_read(importer: Client) -> None:
    url = send(importer, good_rows(3))
    assert "Reading kiosks.csv" in importer.post(url).content.decode()
    assert Upload.objects.get().started_at is None


def test_how_far_it_is_read_is_written_down(dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_reader, "TELL_EVERY_S", -1)
    uploads.keep(dana, "kiosks.csv", good_rows(2500))
    assert read_next(make_worker())
    upload = Upload.objects.get()
    assert (upload.line_reached, upload.lines, upload.reading["good"], upload.reader) == (2001, 2501, 2500, None)


def test_a_file_that_somebody_alive_reads_is_left_to_them(dana: User) -> None:
    uploads.keep(dana, "kiosks.csv", good_rows(3))
    Upload.objects.update(reader=make_worker())
    assert not read_next(make_worker())


def test_what_a_dead_reader_left_is_read_again(dana: User) -> None:
    uploads.keep(dana, "kiosks.csv", good_rows(3))
    dead = make_worker()
    Upload.objects.update(reader=dead, line_reached=2)
    Worker.objects.filter(pk=dead.pk).update(beat_at=timezone.now() - timedelta(minutes=1))
    assert read_next(make_worker())
    assert Upload.objects.get().reading["good"] == 3


def test_an_overtaken_reader_changes_nothing(dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads.keep(dana, "kiosks.csv", good_rows(3))
    other = make_worker()
    read = uploads.read

    def overtaken(upload: Upload, tell: object) -> dict[str, object]:
        Upload.objects.update(reader=other)
        return read(upload)

    monkeypatch.setattr(uploads, "read", overtaken)
    read_next(make_worker())
    assert (Upload.objects.get().reader, Upload.objects.get().read_at) == (other, None)


def test_a_file_that_breaks_the_reader_holds_up_no_other(dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(upload: Upload, tell: object) -> dict[str, object]:
        raise ZeroDivisionError

    uploads.keep(dana, "kiosks.csv", good_rows(3))
    monkeypatch.setattr(uploads, "read", broken)
    assert read_next(make_worker())
    assert Upload.objects.get().reading == {
        "unreadable": ["The panel made a mistake with this file. Its log says which."]
    }


def test_a_file_of_too_many_rows_is_refused_in_words(dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_ROWS", 3)
    uploads.keep(dana, "kiosks.csv", good_rows(4))
    read_all()
    assert Upload.objects.get().reading == {"unreadable": ["line 5: The file has more than 3 rows."]}


def test_of_many_bad_rows_only_the_first_thousand_are_read(dana: User) -> None:
    uploads.keep(dana, "kiosks.csv", bad_rows(290_000))
    begun = time.monotonic()
    read_all()
    assert time.monotonic() - begun < 2
    reading = Upload.objects.get().reading
    assert (reading["bad"], reading["stopped_at"], len(reading["bad_rows"])) == (1000, 1002, 1000)


def peak_mb(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_a_file_that_the_next_one_reads(dana: User, sandbox: Sandbox) -> None:
    with running_worker(sandbox) as first:
        uploads.keep(dana, "kiosks.csv", good_rows(90_000))
        wait_until(lambda: Upload.objects.filter(line_reached__gt=0).exists())
        first.send_signal(signal.SIGKILL)
        first.wait()
    left = Upload.objects.get()
    assert left.read_at is None
    assert left.reader is not None
    with running_worker(sandbox):
        wait_until(lambda: Upload.objects.filter(read_at__isnull=False).exists())
    assert Upload.objects.get().reading["good"] == 90_000


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_worker_s_memory_stays_flat_whatever_is_uploaded(dana: User, sandbox: Sandbox) -> None:
    with running_worker(sandbox) as process:
        time.sleep(2)
        before = peak_mb(process.pid)
        for content in (
            bad_rows(2_400_000),
            good_rows(150_000),
            f"{HEADER}\n".encode() + b",\n" * 4_000_000,
            f"{HEADER}\n{ADDRESS}".encode() + b"," * 9_000_000,
        ):
            uploads.keep(dana, "kiosks.csv", content)
            wait_until(lambda: not Upload.objects.filter(read_at=None).exists())
        assert peak_mb(process.pid) - before < 100


def wait_until(done: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)
