"""One notice as an e-mail, given to the mail server of EMAIL_URL."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from connections.models import AuditEvent
from connections.notices.channels import Sent
from connections.notices.links import link_of
from connections.words.telling.notices import cleared, sentence

if TYPE_CHECKING:
    from connections.models import Delivery

LONGEST_SUBJECT = 150


def is_set_up() -> bool:
    """Whether there is a mail server."""
    return bool(settings.EMAIL_HOST)


def send(address: str, delivery: Delivery) -> Sent:
    """Give the e-mail to the server once. What it refuses for good (5xx) is not tried again."""
    try:
        message(address, delivery).send()
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        return Sent(False, _text(words), code, again=code < 500)
    except smtplib.SMTPResponseException as error:
        return Sent(False, _text(error.smtp_error), error.smtp_code, again=error.smtp_code < 500)
    except (OSError, smtplib.SMTPException) as error:
        return Sent(False, f"{type(error).__name__}: {error}")
    return Sent(True, _("accepted by the mail server"))


def message(address: str, delivery: Delivery) -> EmailMessage:
    """The e-mail. A line break in what came from outside must not become a header."""
    payload = delivery.payload
    words = _("This is a test.") if payload.get("test") else _words(delivery)
    subject = " ".join(words.split())[:LONGEST_SUBJECT]
    link = link_of(delivery) or _("The panel does not know its own address (PUBLIC_URL), so there is no link.")
    parts = [words, str(payload.get("facts", {}).get("why", "")), link, _witness(delivery.seq)]
    text = "\n\n".join(part for part in parts if part)
    # The same id at each try: a mail server that took one and was not heard shows it once.
    headers = {"Auto-Submitted": "auto-generated", "Message-ID": f"<{delivery.key}@remoteit-admin>"}
    own = settings.DEFAULT_FROM_EMAIL
    return EmailMessage(f"[remoteit-admin] {subject}", text + "\n", own, [address], headers=headers)


def _words(delivery: Delivery) -> str:
    say = cleared if delivery.payload.get("cleared") else sentence
    return say(delivery.payload["kind"], delivery.payload["facts"])


def _witness(seq: int) -> str:
    """The line's number and hash: whoever keeps the e-mail can show later what the history said."""
    digest = AuditEvent.objects.filter(seq=seq).values_list("hash", flat=True).first()
    return _("Line %(seq)d of the history, hash %(hash)s") % {"seq": seq, "hash": digest} if digest else ""


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
