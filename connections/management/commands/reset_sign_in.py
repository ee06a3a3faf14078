from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.management.shell import wrong_use
from connections.people import factors
from connections.web.door import devices


class Command(BaseCommand):
    help = (
        "For somebody who is locked out: take every second factor from them and end their sessions. Their password "
        "stays; `changepassword NAME` sets another. It leaves its lines in the history, and superusers are told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="who is locked out")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; kept in the history")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise wrong_use(_("There is no user “%s”.") % options["name"])
        reason = options["reason"].strip()
        if not reason:
            raise wrong_use(_("--reason: Say why; the reason is kept in the history."))
        origin = command_origin()
        told = {"factors": factors.reset(user, reason, origin), "sessions": devices.end(user, None, origin)}
        self.stdout.write(
            _("Taken: %(factors)d second factors. Ended: %(sessions)d sessions. The password is as it was.") % told
        )
