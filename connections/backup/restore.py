"""From a backup to a panel: into an empty database, migrated to this version, with what is missing said."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from connections.audit.append import Entry, append
from connections.audit.checkpoints import checkpoints_file
from connections.audit.origin import Origin
from connections.backup.archive import CHECKPOINTS, NAMES, NotABackup, credentials_keys, signing_keys, unpack
from connections.backup.databases import NotCopied, alone, is_empty, load_from
from connections.models import StoredCredentials


def restore(path: Path, origin: Origin) -> dict[str, Any]:
    """Load the backup at `path` into the database of the settings, which has to be empty, and migrate it.

    Its checkpoints are put beside the database where there are none. Returns the manifest. Raises NotABackup,
    NotCopied, OSError; then nothing was changed.
    """
    if not path.is_file():
        raise NotABackup(_("There is no file %s.") % path)
    with tempfile.TemporaryDirectory() as folder, alone():
        if not is_empty():
            raise NotCopied(_("The database holds something already. A backup is restored into an empty one alone."))
        manifest = unpack(path, Path(folder))
        _refuse_unfit(manifest)
        load_from(Path(folder) / NAMES[manifest["database"]])
        if CHECKPOINTS in manifest["sha256"] and not checkpoints_file().exists():
            shutil.copyfile(Path(folder) / CHECKPOINTS, checkpoints_file())
    # Which waits its own turn: whoever else restores finds the database no longer empty.
    call_command("migrate", verbosity=0, interactive=False)
    facts = {name: manifest[name] for name in ("seq", "hash", "at", "version")}
    facts["made_at"] = facts.pop("at")
    with transaction.atomic():
        append([Entry("backup.restored", origin, facts=facts)])
    return manifest


def missing_keys(manifest: dict[str, Any]) -> list[str]:
    """What this host lacks that the panel of the backup had, in sentences; asked after `restore`."""
    found = []
    lacking = set(manifest["credentials_keys"]) - set(credentials_keys())
    if lacking and StoredCredentials.objects.exists():
        found.append(_("CREDENTIALS_KEY lacks %s: credentials stored with it can't be opened.") % _named(lacking))
    lacking = set(manifest["signing_keys"]) - set(signing_keys())
    if lacking:
        found.append(_("The signing key %s is not on this host: no later checkpoint can be signed.") % _named(lacking))
    return found


def _refuse_unfit(manifest: dict[str, Any]) -> None:
    if manifest["database"] != connection.vendor:
        kinds = {"made": manifest["database"], "here": connection.vendor}
        raise NotABackup(_("This is a backup of %(made)s, and DATABASE_URL is %(here)s.") % kinds)
    known = MigrationLoader(None).disk_migrations
    unknown = [name for name in manifest["migrations"].get("connections", ()) if ("connections", name) not in known]
    if unknown:
        facts = {"version": manifest["version"], "migration": unknown[0]}
        raise NotABackup(
            _("This backup was made by a newer version (%(version)s): migration %(migration)s is not known here.")
            % facts
        )


def _named(keys: set[str]) -> str:
    return ", ".join(sorted(keys))
