from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connections.accounts.rotation import CannotRotate, rotate_credentials
from connections.audit.origin import command_origin
from connections.management.shell import SOME_NOT, wrong_use


class Command(BaseCommand):
    help = (
        "Encrypt the stored credentials of all accounts with the first key of CREDENTIALS_KEY. To change the key "
        "without a pause: put the new one in front of the old one, restart the panel and its workers, run this, then "
        "take the old one away. Exit 0: done; 1: some can't be opened, so nothing was changed; 2: wrong use."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rotated = rotate_credentials(command_origin())
        except ImproperlyConfigured as error:
            raise wrong_use(str(error)) from None
        except CannotRotate as error:
            told = _("No key in CREDENTIALS_KEY opens the credentials of: %s. Nothing was changed.") % error
            raise CommandError(told, returncode=SOME_NOT) from None
        count = len(rotated)
        told = ngettext("The credentials of %d account", "The credentials of %d accounts", count) % count
        self.stdout.write(_("%s are encrypted with the first key of CREDENTIALS_KEY.") % told)
