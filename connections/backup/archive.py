"""One file that holds a panel: its database, its checkpoints, and what is needed beside them, by its fingerprint.

A ZIP with `manifest.json`, the database (`database.sqlite3`, or `database.dump` in pg_dump's custom format) and
`checkpoints.jsonl`. The queue isn't needed: items in the database are the truth. Keys are not in it, so that whoever
finds it can neither open credentials nor sign.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.audit.append import timestamp
from connections.audit.checkpoints import checkpoints_file
from connections.audit.signing import NoSigningKey, trusted_keys
from connections.backup.databases import NotCopied, copy_to
from remoteit_admin import __version__

FORMAT = 1
MANIFEST = "manifest.json"
CHECKPOINTS = "checkpoints.jsonl"
NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
CHUNK = 1 << 20


class NotABackup(Exception):
    """The file is no whole backup, or none that this version can read. The message is fit for a person."""


def write(path: Path) -> dict[str, Any]:
    """Make a backup at `path`, whole or not at all, and return its manifest. Raises NotCopied, OSError."""
    if path.exists():
        raise NotCopied(_("%s is there already; a backup overwrites nothing.") % path)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        database = Path(folder) / NAMES[connection.vendor]
        facts = copy_to(database)
        parts = [database]
        with suppress(FileNotFoundError):
            checkpoints = Path(folder) / CHECKPOINTS
            checkpoints.write_bytes(checkpoints_file().read_bytes())
            parts.append(checkpoints)
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "at": timestamp(timezone.now()),
            "database": connection.vendor,
            **facts,
            "credentials_keys": credentials_keys(),
            "signing_keys": signing_keys(),
            "sha256": {part.name: _sha256(part) for part in parts},
        }
        whole = Path(folder) / "whole.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
            for part in parts:
                archive.write(part, part.name)
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        os.chmod(whole, 0o600)
        try:
            os.link(whole, path)
        except FileExistsError:
            raise NotCopied(_("%s is there already; a backup overwrites nothing.") % path) from None
    return manifest


def unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Unpack the backup at `path` into `folder`, compare each part with its digest, and return the manifest.

    Raises NotABackup, OSError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            if manifest["format"] != FORMAT:
                raise NotABackup(_("%s is of another format than this version reads.") % path)
            for name, digest in manifest["sha256"].items():
                if name not in (CHECKPOINTS, *NAMES.values()):
                    raise NotABackup(_("%(path)s holds %(name)s, which no backup has.") % {"path": path, "name": name})
                archive.extract(name, folder)
                if _sha256(folder / name) != digest:
                    raise NotABackup(_("%(name)s in %(path)s is not what was saved.") % {"path": path, "name": name})
            if NAMES[manifest["database"]] not in manifest["sha256"]:
                raise NotABackup(_("There is no database in %s.") % path)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, NotImplementedError):
        raise NotABackup(_("%s is no backup of this panel, or not whole.") % path) from None
    return manifest


def credentials_keys() -> list[str]:
    """The fingerprints of this host's CREDENTIALS_KEY: 16 hex digits of the SHA-256 of each, newest first."""
    keys = (key.strip() for key in settings.CREDENTIALS_KEY.split(","))
    return [hashlib.sha256(key.encode()).hexdigest()[:16] for key in keys if key]


def signing_keys() -> list[str]:
    """The public keys of this host whose signatures are ours; none where they can't be read."""
    try:
        return trusted_keys()
    except (NoSigningKey, ImproperlyConfigured):
        return []


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
