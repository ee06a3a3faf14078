"""The pages by which connections come in from a CSV file: choose it, look at what was read, import it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.admin.connections.sight import check_may_add
from connections.admin.pages import Page, page_context
from connections.audit.export_csv import harmless
from connections.inventory import uploads
from connections.inventory.csv_rows import COLUMNS
from connections.inventory.imports import MOST_BAD, NotImported
from connections.models import Connection, Upload, Worker
from connections.models.connections import accounts_visible_to
from connections.web.origin import user_of, web_origin
from connections.web.upload_limit import MAX_BYTES, MAX_MEGABYTES, was_too_large

TOO_LARGE = gettext_lazy(
    "The file is larger than %d MB. Split it, or have it imported on the server: manage.py import_connections FILE."
)


LISTED = 200
"""So many bad rows stand on the page; the download has all of them."""


class UploadForm(forms.Form):
    file = forms.FileField(
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose a file.")},
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def __init__(self, request: HttpRequest) -> None:
        sent = request.method == "POST"
        super().__init__(request.POST if sent else None, request.FILES if sent else None)
        limits = {"size": MAX_MEGABYTES, "rows": number_format(uploads.MOST_ROWS, force_grouping=True)}
        self.fields["file"].help_text = (
            _("CSV as a spreadsheet program writes it, at most %(size)d MB and %(rows)s rows.") % limits
        )
        if was_too_large(request):
            self.fields["file"].error_messages["required"] = TOO_LARGE % MAX_MEGABYTES

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(TOO_LARGE % MAX_MEGABYTES)
        return file


class ImportForm(forms.Form):
    """Import what was shown; `bad`: how many of its rows can't be taken."""

    skip_bad = forms.BooleanField(required=False, initial=True)

    def __init__(self, data: Any = None, *, bad: int) -> None:
        super().__init__(data)
        self.bad = bad

    def clean_skip_bad(self) -> bool:
        if self.bad and not self.cleaned_data["skip_bad"]:
            raise forms.ValidationError(
                _("Leave them out, or mend the file and choose it again: beside a bad row nothing is imported.")
            )
        return bool(self.cleaned_data["skip_bad"])


def import_view(request: HttpRequest) -> HttpResponse:
    """Choose a file. What can't be read at all is said beside the field."""
    _check_may_import(request)
    form = UploadForm(request)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload = uploads.keep(user_of(request), file.name, file.read())
        except NotImported as error:
            form.add_error("file", " ".join(capfirst(str(bad_row)) for bad_row in error.bad_rows))
        else:
            return _to_upload(upload)
    context = {
        "title": _("Import a CSV file"),
        "form": form,
        "may_columns": format_html_join(", ", "<code>{}</code>", ((column,) for column in COLUMNS[2:])),
        "accounts": accounts_visible_to(request.user).kept().values_list("name", flat=True),
    }
    return _import_page(request, "import", context)


def import_upload_view(request: HttpRequest, key: str) -> HttpResponse:
    """What was read, and the button that imports it; before that how far it is read, after that what came of it."""
    _check_may_import(request)
    upload = _upload(request, key)
    if upload.read_at is None and upload.started_at is None:
        context = {"title": _("Reading %s") % upload.file_name, "has_worker": Worker.objects.alive().exists()}
        return _import_page(request, "import_reading", {**context, "upload": upload})
    if "unreadable" in upload.reading:
        context = {"title": _("%s can't be read") % upload.file_name, "upload": upload}
        return _import_page(request, "import_unreadable", context)
    form = ImportForm(request.POST if request.method == "POST" else None, bad=upload.reading["bad"])
    if form.is_valid() and not upload.reading["stopped_at"]:
        try:
            uploads.import_upload(upload, origin=web_origin(request), skip_bad=form.cleaned_data["skip_bad"])
        except uploads.TooOld as error:
            form.add_error(None, str(error))
        except NotImported:
            form.add_error(None, _("What is known has changed since the file was read. Nothing was imported."))
        else:
            return _to_upload(upload)
    upload = _upload(request, key)
    context = {
        "title": _title(upload),
        "upload": upload,
        "reading": upload.reading,
        "form": form,
        "bad_rows": upload.reading["bad_rows"][:LISTED],
        "more_bad": max(0, upload.reading["bad"] - LISTED),
        "most_bad": MOST_BAD,
        "kept_until": uploads.kept_until(upload),
        "is_too_old": uploads.is_too_old(upload),
    }
    return _import_page(request, "import_result" if upload.started_at else "import_preview", context)


def import_template_view(request: HttpRequest) -> StreamingHttpResponse:
    _check_may_import(request)
    return _csv("connections.csv", [COLUMNS])


def import_left_out_view(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """Every bad row of the file: its line, what is wrong, how it begins."""
    _check_may_import(request)
    bad_rows = _upload(request, key).reading.get("bad_rows", [])
    rows = ((line, harmless(why), harmless(text)) for line, why, text in bad_rows)
    return _csv("left-out.csv", chain([("line", "what is wrong", "as it stands in the file")], rows))


PAGES = (
    Page("import/", "import", import_view),
    Page("import/template.csv", "import_template", import_template_view),
    Page("import/<slug:key>/", "import_upload", import_upload_view),
    Page("import/<slug:key>/left-out.csv", "import_left_out", import_left_out_view),
)


def _check_may_import(request: HttpRequest) -> None:
    check_may_add(request, but=_("Nothing was imported."))


def _upload(request: HttpRequest, key: str) -> Upload:
    mine = Upload.objects.filter(user=user_of(request)).select_related("user").defer("content")
    return get_object_or_404(mine, key=key)


def _import_page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, f"admin/connections/{name}.html", page_context(request, Connection, **context))


def _to_upload(upload: Upload) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:connections_connection_import_upload", args=[upload.key]))


def _title(upload: Upload) -> str:
    counts = {
        name: number_format(upload.reading[name], force_grouping=True) for name in ("rows", "good", "new", "known")
    }
    if upload.imported_at:
        return _("Imported: %(added)s added, %(known)s known already, %(left_out)s left out") % {
            name: number_format(getattr(upload, name), force_grouping=True) for name in ("added", "known", "left_out")
        }
    if upload.started_at:
        return _("The import is under way")
    if upload.reading["stopped_at"]:
        return _("This file is not what it should be")
    if not upload.reading["good"]:
        return (
            ngettext("The one row can't be taken", "None of the %(rows)s rows can be taken", upload.reading["rows"])
            % counts
        )
    if not upload.reading["new"]:
        return (
            ngettext(
                "Nothing new: renew the one known connection?",
                "Nothing new: renew %(known)s known connections?",
                upload.reading["known"],
            )
            % counts
        )
    if upload.reading["new"] == upload.reading["rows"]:
        return ngettext("Import %(new)s connection?", "Import %(new)s connections?", upload.reading["new"]) % counts
    return _("Import %(new)s of %(rows)s connections?") % counts


def _csv(file_name: str, rows: Iterable[Any]) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for row in rows:
            written = io.StringIO()
            csv.writer(written).writerow(row)
            yield written.getvalue()

    shown_as = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=shown_as)
