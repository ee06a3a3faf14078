"""How large a file the panel takes."""

from __future__ import annotations

from typing import IO, Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, QueryDict

MAX_MEGABYTES = 10
MAX_BYTES = MAX_MEGABYTES * 2**20
FORM_BYTES = 64 * 2**10
"""What a form may hold beside its file."""


class LimitedUploads(FileUploadHandler):
    """Passes over the files of a request that is too large: nobody, signed in or not, fills the disk.

    First in settings.FILE_UPLOAD_HANDLERS. The form's other fields arrive, so its page can say what is wrong.
    """

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[QueryDict, Any] | None:
        self.request_length = content_length
        return None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.request_length > MAX_BYTES + FORM_BYTES:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file that came with `request` was passed over."""
    return int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES + FORM_BYTES
