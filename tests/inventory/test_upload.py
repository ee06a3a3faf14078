"""Importing connections from a CSV file, in the browser."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.utils import timezone

from connections.audit.origin import Origin
from connections.inventory import uploads
from connections.models import AuditEvent, Connection, Upload
from connections.web.upload_limit import MAX_BYTES
from tests.support.uploads import read_all

IMPORT = "/admin/connections/connection/import/"
ADDRESS = "80:00:00:00:01:00:40:C5"
ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
OTHER_ID = "48844999-bbf4-48cf-9a3a-353b7385737a"
HEADER = "device_address,connection_id"
GOOD = f"{ADDRESS},{ID}"
BAD = "80:00,A481"


@pytest.fixture
def dana(alice):
    """An operator who may add connections."""
    alice.user_permissions.add(Permission.objects.get(codename="add_connection"))
    return alice


@pytest.fixture
def importer(client, dana, account):
    client.force_login(dana)
    return client


def file(*lines):
    return "".join(f"{line}\n" for line in lines).encode()


def send(client, content, name="kiosks.csv"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content, "text/csv")})


def preview(client, *lines):
    """Send a file, and return the address and the page of its preview."""
    response = send(client, file(*lines))
    assert response.status_code == 302
    read_all()
    return response.url, client.get(response.url).content.decode()


def said_of(response):
    """What is said of a file that can't be read: at once beside the field, else where the preview would stand."""
    if response.status_code == 200:
        assert 'aria-invalid="true"' in response.content.decode()
        return response.context["form"].errors["file"][0]
    read_all()
    return Upload.objects.get(key=response.url.split("/")[-2]).reading["unreadable"][0]


def downloaded(response):
    return b"".join(response.streaming_content).decode()


# -- the file


def test_the_page_says_how_large_a_file_may_be(importer):
    assert "at most 10 MB" in importer.get(IMPORT).content.decode()


def test_the_template_names_every_column_and_can_be_sent_as_it_is(importer):
    template = importer.get(f"{IMPORT}template.csv")
    assert template.headers["Content-Disposition"] == 'attachment; filename="connections.csv"'
    content = downloaded(template)
    assert content.strip().startswith(f"{HEADER},account,device_name")
    assert "names its columns and no connection" in said_of(send(importer, content.encode()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Line 1: The file is empty."),
        (file(HEADER, GOOD).decode().encode("utf-16-le"), "Line 1: This is not UTF-8."),
        (file(HEADER) + b"\xff\xfe", "Line 2: This is not UTF-8."),
        (b"PK\x03\x04\x14\x00\xff", "Line 1: This is a spreadsheet"),
        (file("address;id"), "There is no column “address”"),
        (file(HEADER, GOOD) + b"#" * MAX_BYTES, "larger than 10 MB"),
        (b"#" * (2 * MAX_BYTES), "larger than 10 MB"),
    ],
    ids=["empty", "UTF-16", "broken", "spreadsheet", "semicolons", "too large", "much too large"],
)
def test_a_file_that_cannot_be_read_is_refused_beside_the_field(importer, content, says):
    assert says in said_of(send(importer, content))
    assert not Upload.objects.exists()


def test_what_breaks_further_down_is_told_where_the_preview_would_stand(importer):
    response = send(importer, file(HEADER, f'"{ADDRESS}'))
    assert "line 2: From here on this is not CSV" in said_of(response)
    page = importer.get(response.url).content.decode()
    assert "kiosks.csv can&#x27;t be read" in page
    assert "Line 2: From here on this is not CSV" in page
    assert "data-final" in page
    assert importer.post(response.url).status_code == 200
    assert not Connection.objects.exists()


def test_no_file_at_all_is_said_beside_the_field(importer):
    assert said_of(importer.post(IMPORT)) == "Choose a file."


def test_a_file_that_is_much_too_large_is_not_even_kept_in_passing(importer):
    request = send(importer, b"#" * (2 * MAX_BYTES)).wsgi_request
    assert not request.FILES


# -- the preview


def test_it_says_how_many_are_new_known_and_bad_and_changes_nothing(importer, make_connection):
    make_connection(connection_id=ID, device_address=ADDRESS, device_name="before")
    _url, page = preview(importer, f"{HEADER},device_name", f"{GOOD},after", f"{ADDRESS},{OTHER_ID},", f"{BAD},")
    assert "Import 1 of 3 connections?" in page
    reading = Upload.objects.get().reading
    assert (reading["new"], reading["known"], reading["refreshed"], reading["bad"]) == (1, 1, 1, 1)
    assert Connection.objects.get().device_name == "before"
    assert not AuditEvent.objects.exists()


def test_a_known_one_of_which_nothing_new_is_said_is_not_called_changed(importer, make_connection):
    make_connection(connection_id=ID, device_address=ADDRESS, device_name="same")
    _url, page = preview(importer, f"{HEADER},device_name", f"{GOOD},same")
    assert "Nothing new: renew the one known connection?" in page
    assert "the file says nothing new of them" in page


def test_each_bad_row_is_told_by_its_line_and_as_it_stands(importer):
    _url, page = preview(importer, HEADER, GOOD, BAD)
    assert '<th scope="row" data-label="line">3</th>' in page
    assert "A service address is eight pairs of hex digits" in page
    assert BAD in page


def test_of_very_many_bad_rows_the_first_are_told_and_the_rest_counted(importer):
    url, page = preview(importer, HEADER, GOOD, *[BAD] * 250)
    assert page.count('data-label="line"') == 200
    assert "And 50 more" in page
    download = downloaded(importer.get(f"{url}left-out.csv"))
    assert len(download.splitlines()) == 251


def test_after_a_thousand_bad_rows_it_stops_and_says_so(importer):
    url, page = preview(importer, HEADER, GOOD, *[BAD] * 1100)
    assert "so reading stopped at line 1,003." in page
    assert "There is nothing to press here" in page
    importer.post(url, {"skip_bad": "on"})
    assert not Connection.objects.exists()
    assert len(downloaded(importer.get(f"{url}left-out.csv")).splitlines()) == 1001


def test_a_download_holds_no_formula(importer):
    url, _page = preview(importer, HEADER, GOOD, "=1+1,x")
    assert "'=1+1" in downloaded(importer.get(f"{url}left-out.csv"))


def test_what_a_file_says_is_shown_as_text(importer):
    _url, page = preview(importer, HEADER, GOOD, "<script>alert(1)</script>,x")
    assert "<script>alert" not in page


def test_the_choice_to_leave_rows_out_is_there_only_for_bad_ones(importer):
    assert "skip_bad" not in preview(importer, HEADER, GOOD)[1]
    assert "skip_bad" in preview(importer, HEADER, GOOD, BAD)[1]


def test_a_file_of_bad_rows_alone_has_no_button(importer):
    _url, page = preview(importer, HEADER, BAD)
    assert "The one row can&#x27;t be taken" in page
    assert "There is nothing to press here" in page


def test_rows_that_are_past_their_end_are_named(importer):
    _url, page = preview(importer, f"{HEADER},expires_at", f"{GOOD},2026-01-01T00:00:00Z")
    assert "should have ended by itself" in page


# -- the import


def test_it_imports_what_was_shown_and_says_what_came_of_it(importer, make_connection):
    make_connection(connection_id=OTHER_ID, device_address=ADDRESS)
    url, _page = preview(importer, HEADER, GOOD, f"{ADDRESS},{OTHER_ID}", BAD)
    response = importer.post(url, {"skip_bad": "on"}, follow=True)
    assert "Imported: 1 added, 1 known already, 1 left out" in response.content.decode()
    assert Connection.objects.get(connection_key=ID.lower()).known_by == "imported"


def test_the_history_tells_who_imported_which_file(importer):
    url, _page = preview(importer, HEADER, GOOD)
    importer.post(url)
    body = json.loads(AuditEvent.objects.get().body)
    told = ("connections.imported", "alice", "web", "127.0.0.1", "kiosks.csv", 1)
    assert tuple(body[name] for name in ("action", "actor", "origin", "client_ip", "file", "count")) == told


def test_the_same_key_twice_imports_once(importer):
    url, _page = preview(importer, HEADER, GOOD)
    assert importer.post(url).url == importer.post(url).url == url
    assert AuditEvent.objects.count() == 1


def test_beside_a_bad_row_nothing_is_imported_unless_it_is_left_out(importer):
    url, _page = preview(importer, HEADER, GOOD, BAD)
    response = importer.post(url)
    assert "beside a bad row nothing is imported" in response.context["form"].errors["skip_bad"][0]
    assert not Connection.objects.exists()
    assert importer.post(url, {"skip_bad": "on"}).status_code == 302
    assert Connection.objects.count() == 1


def test_a_row_that_became_bad_since_the_preview_stops_the_import_and_is_shown(importer, make_connection):
    url, _page = preview(importer, HEADER, GOOD, f"{ADDRESS},{OTHER_ID}")
    make_connection(connection_id=ID, device_address="80:00:00:00:01:00:40:C6")
    page = importer.post(url).content.decode()
    assert "What is known has changed since the file was read. Nothing was imported." in page
    assert "known with the service address 80:00:00:00:01:00:40:C6" in page
    assert not AuditEvent.objects.exists()
    assert importer.post(url, {"skip_bad": "on"}).status_code == 302


def test_a_file_that_was_read_too_long_ago_is_not_imported(importer):
    url, _page = preview(importer, HEADER, GOOD)
    Upload.objects.update(read_at=timezone.now() - uploads.LIFETIME - timedelta(seconds=1))
    assert "more than 30 minutes ago" in importer.post(url).content.decode()
    assert not Connection.objects.exists()


def test_an_import_that_runs_or_broke_off_says_so_and_how_to_go_on(importer):
    url, _page = preview(importer, HEADER, GOOD)
    Upload.objects.update(started_at=timezone.now())
    page = importer.post(url, follow=True).content.decode()
    assert "The import is under way" in page
    assert "choose the same file again, and the rest is imported" in page
    assert not Connection.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_import_once(importer, dana):
    upload = uploads.keep(dana, "kiosks.csv", file(HEADER, GOOD))
    read_all()

    def confirm():
        try:
            uploads.import_upload(Upload.objects.get(pk=upload.pk), origin=Origin("web"), skip_bad=False)
        finally:
            database.close()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditEvent.objects.count() == 1
    upload.refresh_from_db()
    assert (upload.added, upload.known) == (1, 0)


@pytest.mark.slow
def test_a_large_file_goes_through_the_disk_and_comes_in_whole(importer):
    names = "x" * 190
    rows = [f"{ADDRESS},{number:08x}-0000-0000-0000-000000000000,{names}" for number in range(12_000)]
    url, page = preview(importer, f"{HEADER},device_name", *rows)
    assert "Import 12,000 connections?" in page
    importer.post(url)
    assert Connection.objects.count() == 12_000


# -- who may


def test_one_who_may_not_add_is_refused_at_every_step(client, importer, dana):
    url, _page = preview(importer, HEADER, GOOD)
    dana.user_permissions.clear()
    for path in (IMPORT, url, f"{url}left-out.csv", f"{IMPORT}template.csv"):
        assert client.get(path).status_code == 403
    assert client.post(url).status_code == 403
    assert send(client, file(HEADER, GOOD)).status_code == 403
    assert not Connection.objects.exists()


def test_the_file_of_somebody_else_is_not_there(client, importer, admin_user):
    url, _page = preview(importer, HEADER, GOOD)
    client.force_login(admin_user)
    assert client.get(url).status_code == client.post(url).status_code == 404
    assert client.get(f"{url}left-out.csv").status_code == 404
    assert not Connection.objects.exists()


# -- forgetting


def test_expired_files_are_forgotten_and_others_kept(importer, dana):
    uploads.keep(dana, "new.csv", file(HEADER, GOOD))
    old = uploads.keep(dana, "old.csv", file(HEADER, GOOD))
    read_all()
    Upload.objects.filter(pk=old.pk).update(read_at=timezone.now() - 2 * uploads.LIFETIME - timedelta(seconds=1))
    assert uploads.delete_expired() == 1
    assert [upload.file_name for upload in Upload.objects.all()] == ["new.csv"]


def test_one_that_nobody_has_read_waits_for_a_day(importer, dana):
    new, old = (uploads.keep(dana, f"{name}.csv", file(HEADER, GOOD)) for name in ("new", "old"))
    for upload, hours in ((new, 23), (old, 25)):
        Upload.objects.filter(pk=upload.pk).update(created_at=timezone.now() - timedelta(hours=hours))
    uploads.delete_expired()
    assert Upload.objects.get() == new
