"""The channel to people: a notice in the bell of whomever a line concerns, and an e-mail to who wants one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from connections.models import Alarm, Approval, Delivery, Hold, Notice, Proposal, StopItem
from connections.models.connections import accounts_visible_to
from connections.models.rights import may
from connections.models.telling.bell import Kind
from connections.notices import email
from connections.notices.channels import Channel, Sent, register
from connections.notices.ways import ways_of

if TYPE_CHECKING:
    from connections.models import AuditEvent

DECIDED = ("run.approved", "run.denied", "approval.expired")
OF_CHANGES = ("change.confirmed", "change.denied", "change.due", "change.lapsed")
OF_HOLDS = ("hold.returned", "hold.quiet", "hold.ended")
TOLD = (*DECIDED, *OF_CHANGES, *OF_HOLDS)
ONE_MESSAGE = timedelta(minutes=10)
"""What is told of one run within it comes in one e-mail; the others stand in the bell."""
KEPT = ("count", "why", "review", "approval", "account", "webhook", "webhook_id", "change", "subject", "name")
"""What of a line a notice keeps for its sentence."""
WHO = {
    Kind.ACCOUNT: ("manage_accounts", "stop_connection"),
    Kind.UNREACHED: ("manage_accounts", "stop_connection"),
    Kind.WORKER: ("manage_accounts", "stop_connection"),
    Kind.HISTORY: ("view_all_history",),
    Kind.WEBHOOK: ("manage_accounts",),
    Kind.APPROVAL: ("approve_runs",),
}
"""Whom it concerns that is no single person's: who has one of these permissions."""


class People:
    """See `channels.Channel`. A target is the key of a person."""

    name = "people"
    actions = frozenset({"alarm.raised", "alarm.cleared", "run.finished", "run.taken_over", *TOLD})
    give_up_after = timedelta(days=1)

    def deliveries(self, lines: Sequence[AuditEvent]) -> Iterator[Delivery]:
        """Put a notice into the bell of whomever each line concerns; the e-mails are for who wants them."""
        mailed: set[tuple[int, int]] = set()
        for line in lines:
            body = json.loads(line.body)
            kind = _kind_of(line, body)
            if line.action == "alarm.cleared":
                yield from _over(line, body)
            elif kind is not None:
                made = _notices(kind, line, body)
                Notice.objects.bulk_create(made, ignore_conflicts=True)
                yield from (mail for notice in made if (mail := _mail(notice, mailed)))

    def send(self, delivery: Delivery) -> Sent:
        user = User.objects.filter(pk=delivery.target, is_active=True).exclude(email="").first()
        if user is None or not email.is_set_up():
            return Sent(False, _("there is no mail server, or the person has no address any more"), again=False)
        return email.send(user.email, delivery)


CHANNEL: Channel = register(People())


def _mail(notice: Notice, mailed: set[tuple[int, int]]) -> Delivery | None:
    """The e-mail of `notice`, for who wants one of its kind: one about a run, however much is told of it at once.

    `mailed`: whom one was made about which run just now, and is not saved yet.
    """
    user = notice.user
    if not (user.email and email.is_set_up() and notice.kind in ways_of(user)["email"]):
        return None
    target, run = str(user.pk), notice.facts.get("run")
    just_now = Delivery.objects.filter(channel=People.name, target=target, created_at__gt=timezone.now() - ONE_MESSAGE)
    if run:
        if (user.pk, run) in mailed or just_now.filter(payload__facts__run=run, payload__cleared=False).exists():
            return None
        mailed.add((user.pk, run))
    alarm = notice.alarm.pk if notice.alarm else None
    payload = {"kind": notice.kind, "facts": notice.facts, "alarm": alarm, "cleared": False}
    return Delivery(channel=People.name, target=target, seq=notice.seq, payload=payload)


def _over(line: AuditEvent, body: dict[str, Any]) -> Iterator[Delivery]:
    """The other end of what somebody had an e-mail of."""
    for told in Delivery.objects.filter(channel=People.name, payload__alarm=body["alarm_id"], payload__cleared=False):
        yield Delivery(channel=People.name, target=told.target, seq=line.seq, payload={**told.payload, "cleared": True})


def _notices(kind: Kind, line: AuditEvent, body: dict[str, Any]) -> list[Notice]:
    facts = _facts(line, body)
    alarm = Alarm.objects.filter(pk=body.get("alarm_id", 0)).first()
    told = {"kind": kind, "seq": line.seq, "at": line.at, "run": line.run, "account": line.account}
    return [
        Notice(user=user, alarm=alarm, facts=_told_to(user, facts, line), **told)
        for user in _concerned(kind, line, body)
    ]


def _told_to(user: User, facts: dict[str, Any], line: AuditEvent) -> dict[str, Any]:
    """`facts` without their number, to who sees a part of the run that it is about."""
    part = StopItem.objects.filter(run=line.run).parts_of(user) if "count" in facts and line.run else {}
    return {name: value for name, value in facts.items() if name != "count"} if part else facts


def _kind_of(line: AuditEvent, body: dict[str, Any]) -> Kind | None:
    if line.action == "run.finished":
        # What is left is told by the alarm that it raises; the runs of a hold by the hold.
        return None if body.get("left") or body.get("hold_id") else Kind.ENDED
    if line.action == "run.taken_over":
        return Kind.TAKEN
    if line.action in (*DECIDED, *OF_CHANGES):
        return Kind.DECIDED
    if line.action in OF_HOLDS:
        return Kind.HOLD
    return Kind(body["alarm"]) if body.get("alarm") in Kind.values else None


def _facts(line: AuditEvent, body: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {name: body[name] for name in KEPT if name in body}
    facts |= {"action": line.action, "run": line.run_id, "who": body.get("who", body.get("actor", ""))}
    return {**facts, "hold": body["hold_id"]} if line.action in OF_HOLDS else facts


def _concerned(kind: Kind, line: AuditEvent, body: dict[str, Any]) -> Iterable[User]:
    people = User.objects.filter(is_active=True, is_staff=True)
    if kind is Kind.TAKEN:
        return people.filter(username=body.get("taken_from"))
    if kind is Kind.HOLD:
        return people.filter(pk__in=Hold.objects.filter(pk=body["hold_id"]).values("user"))
    if line.action in OF_CHANGES:
        return people.filter(pk=body["asked_by_id"])
    if kind is Kind.DECIDED and line.run is not None:
        return people.filter(pk=line.run.user.pk)
    if kind in WHO:
        return [user for user in people if _is_concerned(user, kind, line, body)]
    return people.filter(pk=line.run.steward.pk) if line.run is not None else []


def _is_concerned(user: User, kind: Kind, line: AuditEvent, body: dict[str, Any]) -> bool:
    if not any(may(user, permission) for permission in WHO[kind]):
        return False
    if "change" in body:
        return Proposal.objects.filter(pk=body["change"]).exclude(asked_by=user).exists()
    if kind is Kind.APPROVAL:
        others = Approval.objects.visible_to(user).filter(run=line.run).exclude(run__user=user)
        return others.exists()
    return line.account is None or accounts_visible_to(user).filter(pk=line.account.pk).exists()
