"""Reads the whole chain and says whether it holds, whether it is the one that was signed, and what differs from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import DatabaseError, DataError, InterfaceError
from django.db.models import Max, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from connections.audit import triggers
from connections.audit.append import GENESIS
from connections.audit.checkpoints import Claim
from connections.audit.reach import Claims, Held, against_earlier, all_claims
from connections.audit.signing import NoSigningKey, is_signed, trusted_keys
from connections.audit.tables import Comparison
from connections.audit.verify_line import Row, read_line
from connections.models import AuditEvent, AuditHead

CHUNK = 5000
NAMED_FAULTS = 100
# What no verification can show, as the end of a sentence.
LIMITS = _(
    "lines cut off the end after the last checkpoint that somebody else holds, and a rewrite by somebody who has the "
    "signing key."
)
# SQLite stores anything as text, and says so only when it is read.
NO_UTF8 = "Could not decode to UTF-8"


class Result(StrEnum):
    """What a verification came to. UNREADABLE says nothing about the history."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    UNREADABLE = "could not be read"


@dataclass
class Verification:
    """What was read and what does not fit; the first faults are named."""

    events: int = 0
    last_seq: int = 0
    last_hash: str = GENESIS
    checkpoint: Claim | None = None
    """The last checkpoint that fits."""
    trusted_keys: list[str] = field(default_factory=list)
    """The keys that were taken for ours; with none, whose the signatures are was not checked."""
    held: list[Held] = field(default_factory=list)
    """With what the chain was compared."""
    runs: int = 0
    items: int = 0
    """How many runs and items were compared with their lines."""
    differing_runs: list[int] = field(default_factory=list)
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)
    unread: str = ""
    """Why not everything could be read; "" when it was."""

    @property
    def result(self) -> Result:
        if self.fault_count:
            return Result.DOES_NOT_HOLD
        return Result.UNREADABLE if self.unread else Result.HOLDS

    @property
    def holds(self) -> bool:
        return self.result is Result.HOLDS

    def blame(self, faults: Iterable[str]) -> None:
        for fault in faults:
            self.fault_count += 1
            if len(self.faults) < NAMED_FAULTS:
                self.faults.append(fault)


def verify(given: Iterable[Claim] | None = None) -> Verification:
    """Read every line in order and check its number, its link, its hash, its columns, the head and the triggers.

    The chain is compared with each checkpoint that the database keeps, with those in the file beside it, with what an
    earlier verification read, and with `given`, those that somebody else kept; runs, items and names are compared with
    the chain. What this can't show is in LIMITS. Reads in chunks, so that nobody who writes waits. What keeps it from
    reading, a database that is away or a query that was cancelled, is no fault of the history.
    """
    result = Verification(trusted_keys=_trusted_keys())
    try:
        _verify(result, given)
    except (DatabaseError, InterfaceError, AttributeError, RecursionError, TypeError, ValueError) as error:
        if _is_content(error):
            # Who owns the database can put anything there, and must not keep this from being told by that.
            result.blame([f"what is stored after event {result.last_seq} can't be read, and was not: {error}"])
        else:
            result.unread = f"after event {result.last_seq}: {str(error).strip() or type(error).__name__}"
    return result


def _verify(result: Verification, given: Iterable[Claim] | None) -> None:
    # In this order: what is appended or signed meanwhile lies past this head.
    claims = all_claims(given)
    result.held = claims.held
    result.blame(claims.faults)
    head = AuditHead.objects.order_by("pk").first() or AuditHead(seq=0, hash=GENESIS)
    result.blame(_before_the_first())
    _read_chain(result, head.seq, claims)
    if (head.seq, head.hash) != (result.last_seq, result.last_hash):
        result.blame([f"the head names event {head.seq}, the last line before it is event {result.last_seq}"])
    for left in claims.by_seq.values():
        result.blame(f"{one.where}: event {one.seq} is not there any more" for one in left)
    result.blame(_past_the_head())
    result.blame(f"trigger {name} is missing or was changed" for name in triggers.missing())


def _read_chain(result: Verification, head_seq: int, claims: Claims) -> None:
    trusted, by_seq = result.trusted_keys, claims.by_seq
    sound_seq = claims.earlier.sound_seq if claims.earlier else 0
    sound_hash = None
    tables = Comparison(head_seq)
    for row in _rows(head_seq):
        if row.seq != result.last_seq + 1:
            result.blame([_gap(result.last_seq, row.seq)])
        faults, body = read_line(row, result.last_hash)
        if faults:
            result.blame(f"event {row.seq}: {fault}" for fault in faults)
        for claim in by_seq.pop(row.seq, ()):
            _compare(result, claim, row.hash, trusted)
        if row.seq == sound_seq:
            sound_hash = row.hash
        result.last_hash, result.last_seq = row.hash, row.seq
        result.events += 1
        if differing := tables.take(row.seq, body):
            result.blame(differing)
    result.blame(against_earlier(claims.earlier, sound_hash))
    result.blame(tables.finish())
    result.runs, result.items = tables.runs, tables.items
    result.differing_runs = tables.differing_runs[:NAMED_FAULTS]


def _rows(head_seq: int) -> Iterator[Row]:
    """Every line up to `head_seq`, in order, by small queries: none of them is open for long."""
    rows = (
        AuditEvent.rows.order_by("seq")
        .annotate(stored_at=Cast("at", TextField()))
        .values_list(
            "seq",
            "stored_at",
            "action",
            "actor_id",
            "account_id",
            "connection_id",
            "run_id",
            "body",
            "prev_hash",
            "hash",
        )
    )
    last, size = 0, CHUNK
    while True:
        try:
            chunk = list(rows.filter(seq__gt=last, seq__lte=head_seq)[:size])
        except DatabaseError as error:
            if size == 1 or not _is_content(error):
                raise
            size = 1  # until the line that can't be read, so that it can be named
            continue
        if not chunk:
            return
        yield from map(Row._make, chunk)
        last = chunk[-1][0]


def _is_content(error: Exception) -> bool:
    """Whether `error` is about what is stored, and not about the way to it."""
    if isinstance(error, (DatabaseError, InterfaceError)):
        return isinstance(error, DataError) or NO_UTF8 in str(error)
    return True


def _compare(result: Verification, claim: Claim, own_hash: str, trusted: list[str]) -> None:
    if not is_signed(claim.public_key, claim.signature, claim.text):
        result.blame([f"{claim.where}: its signature does not fit"])
    elif trusted and claim.public_key not in trusted:
        result.blame([f"{claim.where}: it was signed by {claim.public_key}, which is no key of ours"])
    elif claim.hash != own_hash:
        result.blame([f"{claim.where}: {_since(result.checkpoint)}"])
    else:
        result.checkpoint = claim


def _since(fitting: Claim | None) -> str:
    start = f"after event {fitting.seq}, which still fits" if fitting else "from the beginning on"
    return f"the history was rewritten up to there, {start}"


def _trusted_keys() -> list[str]:
    try:
        return trusted_keys()
    except NoSigningKey:  # its file belongs to the worker alone
        return []


def _before_the_first() -> Iterator[str]:
    """What was put in before the first line, and is no line of the chain."""
    for seq in AuditEvent.rows.filter(seq__lt=1).order_by("seq").values_list("seq", flat=True):
        yield f"event {seq} is no line of the history: its number lies before the first"


def _past_the_head() -> list[str]:
    # In this order: what is appended between the two reads only moves the head.
    last = AuditEvent.rows.aggregate(last=Max("seq"))["last"] or 0
    seqs = list(AuditHead.objects.values_list("seq", flat=True)[:2])
    if len(seqs) != 1:
        return [f"{'a second head is there' if seqs else 'the head is missing'}: nothing more can be written"]
    return [f"events after {seqs[0]} were not given out by the head"] if last > seqs[0] else []


def _gap(last: int, found: int) -> str:
    missing = f"event {last + 1} is" if found == last + 2 else f"events {last + 1} to {found - 1} are"
    return f"{missing} missing"
