"""What the history says of each action, in words for people. An action that is missing here is shown as it is."""

from __future__ import annotations

from collections import defaultdict

from django.utils.translation import gettext_lazy as _

from connections.words import actions_accounts as accounts
from connections.words import actions_files as files
from connections.words import actions_people as people
from connections.words import actions_stops as stops
from connections.words.door import approvals
from connections.words.door.actions import DOOR
from connections.words.history.action import Action, Doer, Facts, answer, by, no_notes
from connections.words.holds import actions as holds
from connections.words.integrations import tokens
from connections.words.telling.actions import TELLING

ACTIONS = {
    **DOOR,
    **TELLING,
    "stop.requested": Action(_("Stops asked for"), _("asked to stop"), "cut", notes=approvals.requested_notes),
    "stop.sent": Action(_("Stops sent"), _("stop about to be sent"), "sending"),
    "stop.answered": answer(
        _("Answers to stops"), _("stop answered"), "list", by(stops.ANSWERS, "outcome"), stops.answer_notes
    ),
    "stop.withdrawn": Action(_("Stops withdrawn"), _("stop not sent after all"), "skipped", notes=stops.why_withdrawn),
    "stop.skipped": Action(
        _("Stops skipped"), _("stop skipped at its turn"), "skipped", stops.skipped, stops.why_skipped
    ),
    "stop.verified": Action(_("Verdicts"), _("stop compared with a list"), "list", stops.verdict, stops.verdict_notes),
    "run.paused": Action(_("Runs paused"), _("paused a run"), "pause"),
    "run.resumed": Action(_("Runs resumed"), _("let a run go on"), "play"),
    "sending.paused": Action(_("All sending paused"), _("paused all sending"), "pause"),
    "sending.resumed": Action(_("All sending resumed"), _("let all sending go on"), "play"),
    "run.taken_over": Action(_("Runs taken over"), _("took over a run of %(taken_from)s"), "user"),
    "run.noted": Action(_("Notes of runs"), _("changed the note of a run"), "list", notes=stops.run_note),
    "run.sent_at_once": Action(_("Runs sent at once"), _("put the first sending of a run off no longer"), "sending"),
    "run.wait_limited": Action(_("Longest waits changed"), _("changed how long a run waits for remote.it"), "pause"),
    "run.verification_asked": Action(_("Verdicts tried again"), _("had what is unverified tried again"), "retry"),
    "run.cancelled": Action(_("Runs cancelled"), _("cancelled what was not sent of a run"), "cancel"),
    "run.left": Action(_("Decisions to leave"), _("left something of a run as it is"), "stopped", stops.left),
    "run.finished": Action(_("Ends of runs"), _("run is over"), "list", doer=Doer.PANEL),
    "run.evidence_exported": Action(_("Evidence exported"), _("exported the evidence of a run"), "download"),
    "account.sign_in_sent": Action(
        _("Sign-ins to remote.it"), _("sign-in to remote.it about to be sent"), "key", doer=Doer.PANEL
    ),
    "account.sign_in_answered": answer(
        _("Answers to sign-ins"),
        _("sign-in to remote.it answered"),
        "key",
        by(accounts.SIGN_IN_ANSWERS, "outcome"),
        stops.late,
    ),
    "connection.added": Action(_("Connections added"), _("added a connection"), "open"),
    "connection.ended": Action(_("Connections ended"), _("ended without us"), "ended", notes=stops.why_ended),
    "connection.listed_again": Action(
        _("Connections listed again"), _("listed again after it was held for gone"), "back"
    ),
    "list.asked": Action(_("Readings asked for"), _("asked for a reading of the list"), "retry"),
    "list.started": Action(_("Lists asked for"), _("list asked for"), "list"),
    "list.read": Action(_("Lists read"), _("list read"), "list", stops.list_read, stops.list_notes),
    "connections.imported": Action(_("Imports"), _("imported connections"), "list", files.imported),
    "connections.exported": Action(
        _("Exports of connections"), _("exported connections"), "download", files.connections_exported
    ),
    "history.exported": Action(_("Exports of the history"), _("exported the history"), "download", files.exported),
    "access.exported": Action(
        _("Exports of access reviews"), _("exported who may do what"), "download", files.access_exported, files.as_of
    ),
    "backup.made": Action(_("Backups"), _("asked for a backup of the whole panel"), "download"),
    "backup.restored": Action(_("Backups restored"), _("restored the panel from a backup"), "back", files.restored),
    "token.created": Action(_("Tokens made"), _("made the token “%(token)s” for %(user)s"), "key", notes=tokens.notes),
    "token.revoked": Action(
        _("Tokens revoked"), _("revoked the token “%(token)s” of %(user)s"), "key", notes=tokens.notes
    ),
    "token.refused": Action(
        _("Tokens refused"), _("refused a token"), "error", tokens.refused, tokens.notes, Doer.PANEL
    ),
    "token.leaked": Action(
        _("Tokens leaked"),
        _("the token “%(token)s” of %(user)s stood in an address"),
        "error",
        notes=tokens.notes,
        doer=Doer.PANEL,
    ),
    "user.signed_in": Action(_("Sign-ins"), _("signed in"), "user", notes=approvals.sign_in_notes),
    "user.sign_in_failed": Action(
        _("Failed sign-ins"),
        _("a sign-in as “%(name)s” failed"),
        "error",
        people.more_failed,
        people.notes,
        Doer.CLAIMED,
    ),
    "user.old_password_wrong": Action(
        _("Wrong old passwords"), _("gave a wrong old password"), "error", people.more_wrong, people.notes
    ),
    "user.signed_out": Action(_("Sign-outs"), _("signed out"), "user", notes=people.notes),
    "user.added": Action(_("Users added"), _("added the user %(user)s"), "user", notes=people.notes),
    "user.changed": Action(_("Users changed"), _("changed the user %(user)s"), "user", notes=people.notes),
    "user.password_changed": Action(
        _("Passwords changed"), _("changed the password of %(user)s"), "key", notes=people.notes
    ),
    "user.link_made": Action(_("One-time links"), _("made a one-time link for %(user)s"), "key"),
    "user.sight_shown": Action(
        _("Looks at what somebody sees"), _("looked at what %(user)s sees"), "search", notes=people.sight_notes
    ),
    "group.added": Action(_("Groups added"), _("added the group %(group)s"), "settings", notes=people.notes),
    "group.changed": Action(_("Groups changed"), _("changed the group %(group)s"), "settings", notes=people.notes),
    "group.deleted": Action(_("Groups deleted"), _("deleted the group %(group)s"), "settings", notes=people.notes),
    "account.added": Action(_("Accounts added"), _("added an account"), "key", notes=accounts.notes),
    "account.changed": Action(_("Accounts changed"), _("changed an account"), "settings", notes=accounts.notes),
    "account.credentials_changed": Action(
        _("Credentials changed"), _("changed the credentials of an account"), "key", notes=accounts.notes
    ),
    "account.credentials_removed": Action(
        _("Credentials removed"), _("removed the stored credentials of an account"), "key", notes=accounts.notes
    ),
    "account.credentials_rotated": Action(
        _("Credentials encrypted anew"), _("credentials encrypted with the newest key"), "key", notes=accounts.notes
    ),
    "account.removed": Action(_("Accounts removed"), _("removed an account"), "cancel", accounts.removed),
    "account.paused": Action(_("Accounts paused"), _("paused an account"), "pause", notes=accounts.notes),
    "account.resumed": Action(_("Accounts resumed"), _("let an account go on"), "play", notes=accounts.notes),
    "account.test_sent": Action(
        _("Tests sent"), _("test about to be sent"), "sending", by(accounts.TEST_SENT, "part"), accounts.notes
    ),
    "account.test_answered": answer(
        _("Answers to tests"),
        _("test answered"),
        "list",
        by(accounts.TEST_ANSWERED, "part", "outcome"),
        accounts.notes,
    ),
    "connection.open_sent": Action(
        _("Openings sent"), _("asked to open a connection to %(device_address)s"), "sending", notes=accounts.notes
    ),
    "connection.open_answered": answer(
        _("Answers to openings"), _("wish answered"), "open", by(accounts.OPENED, "outcome"), accounts.notes
    ),
    "hold.requested": Action(
        _("Holds asked for"), _("asked to hold connections"), "hold", holds.requested, holds.requested_notes
    ),
    "hold.service_joined": Action(_("Services joined a hold"), _("a service joined a hold"), "hold", doer=Doer.PANEL),
    "hold.service_decided": Action(_("Decisions about services that joined"), _("decided about a service"), "hold"),
    "hold.measure_sent": Action(
        _("Measures sent"), _("measure about to be asked"), "sending", holds.sent, doer=Doer.PANEL
    ),
    "hold.measure_answered": answer(_("Answers to measures"), _("measure answered"), "list", holds.answered, no_notes),
    "hold.measure_seen": Action(_("Measures seen"), _("measure seen"), "list", holds.seen, doer=Doer.PANEL),
    "hold.returned": Action(_("Come-backs"), _("came back"), "back", holds.returned, holds.returned_notes, Doer.PANEL),
    "hold.event_seen": Action(
        _("Events of remote.it's own record"),
        _("remote.it's own record"),
        "list",
        holds.event_seen,
        holds.event_notes,
        Doer.PANEL,
    ),
    "hold.quiet": Action(_("Holds quiet"), _("nothing came back for the quiet time"), "hold", doer=Doer.PANEL),
    "hold.ended": Action(_("Holds ended"), _("hold ended"), "hold", holds.ended, holds.ended_notes, Doer.PANEL),
    "hold.restored": Action(_("Values put back"), _("value put back"), "retry", holds.restored, holds.why, Doer.PANEL),
    "hold.extended": Action(_("Holds extended"), _("moved the deadline of a hold"), "hold"),
    "hold.raised": Action(_("Holds raised"), _("went further with a hold"), "hold", holds.raised),
    "hold.offer_declined": Action(_("Next levels declined"), _("went on with a hold as it is"), "hold"),
    "hold.evidence_exported": Action(_("Evidence of holds"), _("exported the evidence of a hold"), "download"),
}


def is_api_s_own(outcome: str, status: int | None, reason: str) -> bool:
    """Whether `reason` is the API's own words; where it gave none, the client writes down what it saw."""
    if not reason or status is None or f"HTTP {status}" in reason:
        return False
    return outcome in ("stopped", "already_gone", "refused") or 400 <= status < 500


def sentence_for(action: str, facts: Facts) -> str:
    """What happened, beginning in lower case; `facts` is the event's body."""
    known = ACTIONS.get(action)
    if known is None:
        return action
    return known.exact(facts) or str(known.sentence) % defaultdict(str, facts)


def notes_for(action: str, facts: Facts) -> list[str]:
    """What has to be said beside the sentence: what exactly changed, why, since when; a note for each."""
    known = ACTIONS.get(action)
    return [note for note in known.notes(facts) if note] if known else []
