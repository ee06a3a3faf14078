"""Against what a verification compared the chain, and how far each of these reaches: its "holds" means no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connections.audit.append import timestamp
from connections.audit.checkpoints import FILE, Claim, WrongCheckpoint, checkpoints_file, claims_in, stored_claims
from connections.models import AuditVerification


class Holder(models.TextChoices):
    """Who holds what the chain is compared with."""

    DATABASE = "database", gettext_lazy("kept in the database")
    FILE = "file", gettext_lazy("in checkpoints.jsonl on this host")
    GIVEN = "given", gettext_lazy("in the file that was given")
    EARLIER = "earlier", gettext_lazy("read by an earlier verification, as the database keeps it")


@dataclass
class Held:
    """What one holder has: how many checkpoints, and the last line that they name; `why_not`: why it was not asked."""

    holder: str
    count: int = 0
    last_seq: int = 0
    why_not: str = ""

    def __str__(self) -> str:
        told = {"count": self.count, "holder": Holder(self.holder).label, "last": self.last_seq, "why": self.why_not}
        if self.why_not:
            return _("not compared with checkpoints %(holder)s: %(why)s") % told
        if self.holder == Holder.EARLIER:
            return _("event %(last)d, %(holder)s") % told if self.count else _("no earlier verification")
        if not self.count:
            return _("no checkpoint %(holder)s") % told
        text = ngettext(
            "%(count)d checkpoint %(holder)s, of event %(last)d",
            "%(count)d checkpoints %(holder)s, the last of event %(last)d",
            self.count,
        )
        return text % told


@dataclass
class Claims:
    """All that somebody holds of the chain, by line; `faults`: what claims to be a checkpoint and is none."""

    by_seq: dict[int, list[Claim]] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    earlier: AuditVerification | None = None
    faults: list[str] = field(default_factory=list)

    def add(self, holder: Holder, claims: Iterable[Claim]) -> None:
        held = Held(holder)
        for claim in claims:
            self.by_seq.setdefault(claim.seq, []).append(claim)
            held.count += 1
            held.last_seq = max(held.last_seq, claim.seq)
        self.held.append(held)


def all_claims(given: Iterable[Claim] | None) -> Claims:
    """The checkpoints of the database, of the file beside it and of `given` (None: nobody gave any), and the last line
    that an earlier verification found in its place."""
    found = Claims()
    found.add(Holder.DATABASE, stored_claims())
    try:
        found.add(Holder.FILE, _in_file(found))
    except OSError as error:
        found.held.append(Held(Holder.FILE, why_not=str(error.strerror)))
    found.earlier = AuditVerification.objects.filter(sound_seq__gt=0).first()
    earlier = found.earlier.sound_seq if found.earlier else 0
    found.held.append(Held(Holder.EARLIER, count=int(bool(earlier)), last_seq=earlier))
    if given is not None:
        found.add(Holder.GIVEN, given)
    return found


def against_earlier(earlier: AuditVerification | None, own_hash: str | None) -> list[str]:
    """What `earlier` read otherwise. `own_hash`: the hash of its last line as it is now; None: it is not there."""
    if earlier is None or own_hash == earlier.sound_hash:
        return []
    told = {"at": timestamp(earlier.sound_at) if earlier.sound_at else "?", "seq": earlier.sound_seq}
    if own_hash is None:
        return [_("the verification of %(at)s: event %(seq)d is not there any more") % told]
    return [_("the verification of %(at)s: event %(seq)d had another hash, so the history was rewritten since") % told]


def _in_file(found: Claims) -> Iterator[Claim]:
    """The checkpoints in `checkpoints_file`. A last line without its end is torn, and mended with the next one."""
    try:
        text = checkpoints_file().read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            yield from claims_in([line], FILE, first=number)
        except WrongCheckpoint as error:
            found.faults.append(str(error))
