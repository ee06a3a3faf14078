from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from connections.audit.origin import command_origin
from connections.management.shell import tell, wrong_use
from connections.stops.control import NotAllowed
from connections.stops.pause_all import pause_all, resume_all


class Command(BaseCommand):
    help = (
        "Pause all sending: no stop of anybody is sent, holds included, until it is resumed. What one does before an "
        "upgrade. Says of how many stops the answers are still awaited. Exit code 0, or 2 when it was not done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", help="who wants it; the permission is checked")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why; everybody reads it on every page")
        parser.add_argument("--resume", action="store_true", help="let everything go on")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise wrong_use(_("There is no user “%s”.") % options["user"])
        try:
            if options["resume"]:
                resume_all(user, command_origin())
                said = _("All sending goes on.")
            else:
                sending = pause_all(user, command_origin(), options["reason"])
                said = _("All sending is paused. %d stops that were sent before await their answers.") % sending
        except NotAllowed as refused:
            raise wrong_use(str(refused)) from None
        tell(self.stdout, [said])
