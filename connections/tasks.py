"""What the engine carries: wake-ups and periodic work. No logic here."""

from __future__ import annotations

from django.utils import timezone
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, db_task

from connections.audit.checkpoints import write_checkpoint
from connections.audit.upkeep import verify_and_keep
from connections.inventory import pasted_lists, uploads
from connections.people import brakes, failures, tokens
from connections.proposals import decisions
from connections.stops import approvals, expired, wakeup  # noqa: F401 - importing it registers its task
from connections.web.sessions import SessionStore


@db_periodic_task(crontab(minute="*/10"))
def delete_expired_drafts() -> None:
    expired.delete_expired_drafts()


@db_periodic_task(crontab())
def close_what_nobody_decided() -> None:
    approvals.expire(timezone.now())
    decisions.take_effect(timezone.now())


@db_periodic_task(crontab(minute="*/10"))
def delete_expired_uploads() -> None:
    uploads.delete_expired()
    pasted_lists.delete_expired()


@db_periodic_task(crontab(minute="*/10"))
def delete_expired_sessions() -> None:
    SessionStore.clear_expired()


@db_periodic_task(crontab(minute="3"))
def forget_old_wishes() -> None:
    tokens.forget_old_wishes()


@db_periodic_task(crontab(minute="*/10"))
def sign_history() -> None:
    write_checkpoint()


@db_periodic_task(crontab())
def tell_failed_sign_ins() -> None:
    failures.tell_sums(timezone.now())
    brakes.forget(timezone.now())


@db_periodic_task(crontab(minute="7"))
def verify_history() -> None:
    verify_and_keep()


@db_task()
def verify_history_now() -> None:
    verify_and_keep()
