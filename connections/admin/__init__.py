"""Importing it registers every page of the panel with Django's admin."""

from connections.admin.accounts.admin import AccountAdmin
from connections.admin.approvals.admin import ApprovalAdmin
from connections.admin.connections.admin import ConnectionAdmin
from connections.admin.history.admin import AuditEventAdmin
from connections.admin.holds.admin import HoldAdmin
from connections.admin.integrations.admin import ApiTokenAdmin
from connections.admin.people.admin import UserAdmin
from connections.admin.people.groups import GroupAdmin
from connections.admin.runs.admin import StopRunAdmin
from connections.admin.site import SignInForm

__all__ = [
    "AccountAdmin",
    "ApiTokenAdmin",
    "ApprovalAdmin",
    "AuditEventAdmin",
    "ConnectionAdmin",
    "GroupAdmin",
    "HoldAdmin",
    "SignInForm",
    "StopRunAdmin",
    "UserAdmin",
]
