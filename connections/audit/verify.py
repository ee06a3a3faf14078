"""Reads the whole chain and says whether it holds, and whether it is the one that was signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.models import Max, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from connections.audit import triggers
from connections.audit.append import GENESIS
from connections.audit.checkpoints import Claim, stored_claims
from connections.audit.signing import NoSigningKey, is_signed, trusted_keys
from connections.audit.verify_line import Row, faults_of
from connections.models import AuditEvent, AuditHead

CHUNK = 5000
NAMED_FAULTS = 100
# What no verification can show, as the end of a sentence.
LIMITS = _(
    "lines cut off the end after the last checkpoint that somebody else holds, and a rewrite by somebody who has the "
    "signing key."
)


@dataclass
class Verification:
    """What was read and what does not fit. The chain holds when there are no faults; the first of them are named."""

    events: int = 0
    last_seq: int = 0
    last_hash: str = GENESIS
    checkpoint: Claim | None = None
    """The last checkpoint that fits."""
    trusted_keys: list[str] = field(default_factory=list)
    """The keys that were taken for ours; with none, whose the signatures are was not checked."""
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.fault_count

    def blame(self, faults: Iterable[str]) -> None:
        for fault in faults:
            self.fault_count += 1
            if len(self.faults) < NAMED_FAULTS:
                self.faults.append(fault)


def verify(held: Iterable[Claim] = ()) -> Verification:
    """Read every line in order and check its number, its link, its hash, its columns, the head and the triggers.

    Each checkpoint that the database keeps is checked too, and each of `held`, those that somebody else kept.
    What this can't show is in LIMITS. Reads in chunks, so that nobody who writes waits.
    """
    result = Verification(trusted_keys=_trusted_keys())
    try:
        _verify(result, held)
    except (DatabaseError, AttributeError, RecursionError, TypeError, ValueError) as error:
        # Who owns the database can put anything there, and must not keep this from being told by that.
        result.blame([f"what is stored after event {result.last_seq} can't be read, and was not: {error}"])
    return result


def _verify(result: Verification, held: Iterable[Claim]) -> None:
    # In this order: what is appended or signed meanwhile lies past this head.
    claims = _by_seq([*stored_claims(), *held])
    head = AuditHead.objects.first() or AuditHead(seq=0, hash=GENESIS)
    _read_chain(result, head.seq, claims)
    if (head.seq, head.hash) != (result.last_seq, result.last_hash):
        result.blame([f"the head names event {head.seq}, the last line before it is event {result.last_seq}"])
    for left in claims.values():
        result.blame(f"{one.where}: event {one.seq} is not there any more" for one in left)
    result.blame(_past_the_head())
    result.blame(f"trigger {name} is missing or was changed" for name in triggers.missing())


def _read_chain(result: Verification, head_seq: int, claims: dict[int, list[Claim]]) -> None:
    trusted = result.trusted_keys
    for row in _rows(head_seq):
        if row.seq != result.last_seq + 1:
            result.blame([_gap(result.last_seq, row.seq)])
        if faults := faults_of(row, result.last_hash):
            result.blame(f"event {row.seq}: {fault}" for fault in faults)
        for claim in claims.pop(row.seq, ()):
            _compare(result, claim, row.hash, trusted)
        result.last_hash, result.last_seq = row.hash, row.seq
        result.events += 1


def _rows(head_seq: int) -> Iterator[Row]:
    """Every line up to `head_seq`, in order, by small queries: none of them is open for long."""
    rows = (
        AuditEvent.objects.order_by("seq")
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
            chunk = list(rows.filter(seq__gt=last, seq__lte=head_seq)[:size].iterator(chunk_size=size))
        except DatabaseError:
            if size == 1:
                raise
            size = 1  # until the line that can't be read, so that it can be named
            continue
        if not chunk:
            return
        yield from map(Row._make, chunk)
        last = chunk[-1][0]


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


def _by_seq(claims: Iterable[Claim]) -> dict[int, list[Claim]]:
    found = defaultdict(list)
    for claim in claims:
        found[claim.seq].append(claim)
    return found


def _trusted_keys() -> list[str]:
    try:
        return trusted_keys()
    except NoSigningKey:  # its file belongs to the worker alone
        return []


def _past_the_head() -> list[str]:
    # In this order: what is appended between the two reads only moves the head.
    last = AuditEvent.objects.aggregate(last=Max("seq"))["last"] or 0
    seqs = list(AuditHead.objects.values_list("seq", flat=True)[:2])
    if len(seqs) != 1:
        return [f"{'a second head is there' if seqs else 'the head is missing'}: nothing more can be written"]
    return [f"events after {seqs[0]} were not given out by the head"] if last > seqs[0] else []


def _gap(last: int, found: int) -> str:
    missing = f"event {last + 1} is" if found == last + 2 else f"events {last + 1} to {found - 1} are"
    return f"{missing} missing"
