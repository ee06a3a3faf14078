"""What the history says of sign-ins beside the password, and of the second person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connections.words import actions_people as people
from connections.words.door import approvals, changes
from connections.words.history.action import Action, Doer

DOOR = {
    "approval.asked": Action(
        _("Second persons asked for"), _("asked for a second person"), "two", notes=approvals.notes
    ),
    "approval.withdrawn": Action(
        _("Requests withdrawn"), _("withdrew what a second person was asked for"), "skipped", notes=approvals.notes
    ),
    "approval.expired": Action(
        _("Requests nobody decided"),
        _("nobody decided in time what %(asked_by)s asked for"),
        "ended",
        notes=approvals.notes,
        doer=Doer.PANEL,
    ),
    "run.approved": Action(
        _("Runs approved"), _("approved as the second person what %(asked_by)s asked for"), "two", notes=approvals.notes
    ),
    "run.denied": Action(
        _("Runs denied"), _("denied as the second person what %(asked_by)s asked for"), "refused", notes=approvals.notes
    ),
    "glass.broken": Action(
        _("Glass broken"), _("broke the glass: stopped without a second person"), "warning", notes=approvals.notes
    ),
    "glass.reviewed": Action(
        _("Broken glass reviewed"),
        _("reviewed what %(broken_by)s did without a second person"),
        "eye",
        notes=approvals.notes,
    ),
    "change.asked": Action(
        _("Changes asked for"), _("asked for a change of who may do what"), "two", changes.asked, changes.notes
    ),
    "change.confirmed": Action(
        _("Changes confirmed"),
        _("confirmed as the second person what %(asked_by)s asked to change"),
        "two",
        notes=changes.notes,
    ),
    "change.denied": Action(
        _("Changes denied"),
        _("denied as the second person what %(asked_by)s asked to change"),
        "refused",
        notes=changes.notes,
    ),
    "change.withdrawn": Action(
        _("Changes withdrawn"), _("took back a change that %(asked_by)s asked for"), "skipped", notes=changes.notes
    ),
    "change.due": Action(
        _("Changes that came to count after a day"),
        _("nobody denied in 24 hours what %(asked_by)s asked to change, so it counts"),
        "two",
        notes=changes.notes,
        doer=Doer.PANEL,
    ),
    "change.lapsed": Action(
        _("Changes that could not be made"),
        _("what %(asked_by)s asked to change can't be made any more"),
        "ended",
        notes=changes.notes,
        doer=Doer.PANEL,
    ),
    "ceiling.changed": Action(
        _("Ceilings changed"),
        _("changed a ceiling above which a second person decides"),
        "settings",
        notes=approvals.ceiling_notes,
    ),
    "protection.changed": Action(
        _("Protected rules changed"),
        _("changed which connections are protected"),
        "shield",
        notes=approvals.ceiling_notes,
    ),
    "factor_rule.changed": Action(
        _("Second factor rules changed"),
        _("changed whose sign-in takes a second factor"),
        "settings",
        notes=approvals.rule_notes,
    ),
    "user.second_factor_wrong": Action(
        _("Wrong second factors"), _("gave a wrong second factor"), "error", people.more_wrong, people.notes
    ),
    "user.factor_added": Action(
        _("Second factors added"), _("added a second factor"), "key", notes=approvals.factor_notes
    ),
    "user.factor_removed": Action(
        _("Second factors removed"), _("removed a second factor"), "key", notes=approvals.factor_notes
    ),
    "user.sign_in_reset": Action(
        _("Sign-ins reset"), _("took all second factors from %(user)s"), "warning", notes=approvals.factor_notes
    ),
    "user.sessions_ended": Action(
        _("Sessions ended"), _("ended sessions of %(user)s"), "cancel", notes=approvals.factor_notes
    ),
}
