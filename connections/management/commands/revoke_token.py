from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.management.shell import wrong_use
from connections.models import ApiToken
from connections.people import tokens


class Command(BaseCommand):
    help = "Take a token away: it opens nothing from now on. Without ID, list the tokens that open something."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token", nargs="?", metavar="ID", help="how it begins: ria_ and eight letters")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["token"] is None:
            for one in ApiToken.objects.filter(revoked_at=None).select_related("owner"):
                facts = (one.shown_id, one.owner.get_username(), f"{one.expires_at:%Y-%m-%d}", ",".join(one.scopes))
                self.stdout.write("  ".join((*facts, one.name)))
            return
        public_id = options["token"].removeprefix("ria_")[:8]
        token = ApiToken.objects.select_related("owner").filter(public_id=public_id).first()
        if token is None:
            raise wrong_use(_("There is no token that begins with %s.") % options["token"][:12])
        if not tokens.revoke(token, None, command_origin()):
            self.stderr.write(_("It was revoked already."))
