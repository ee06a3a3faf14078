from __future__ import annotations

from connections.models.accounts import Account
from connections.models.approvals import Approval, Ceiling, ProtectedRule
from connections.models.audit import AuditCheckpoint, AuditEvent, AuditHead, AuditVerification
from connections.models.connections import Connection
from connections.models.credentials import SessionToken, StoredCredentials
from connections.models.door.directory import DirectoryPerson
from connections.models.door.factors import CodeApp, FactorRule, Passkey, RecoveryCode, SignedIn
from connections.models.door.proposals import Proposal
from connections.models.folded import lookups  # noqa: F401 - they register themselves
from connections.models.holding.holds import Hold
from connections.models.holding.measures import Measure
from connections.models.holding.members import HoldClock, HoldMember, HoldReturn
from connections.models.holding.record import VendorEvent
from connections.models.holding.ways import ServiceWays
from connections.models.integrations.tokens import ApiToken, IdempotencyKey
from connections.models.notices import CourierPlace, Delivery
from connections.models.pasted import PastedList
from connections.models.people import FailedSignIns, SeenChanges, SignInBrake
from connections.models.preferences import Preferences, SavedView
from connections.models.rights import Right
from connections.models.runs import StopItem, StopRun
from connections.models.scope import ScopeRule
from connections.models.telling.bell import Alarm, Notice
from connections.models.telling.webhooks import Endpoint
from connections.models.together.wishes import SendingPause
from connections.models.uploads import Upload
from connections.models.workers import Worker

__all__ = [
    "Account",
    "Alarm",
    "ApiToken",
    "Approval",
    "AuditCheckpoint",
    "AuditEvent",
    "AuditHead",
    "AuditVerification",
    "Ceiling",
    "CodeApp",
    "Connection",
    "CourierPlace",
    "Delivery",
    "DirectoryPerson",
    "Endpoint",
    "FactorRule",
    "FailedSignIns",
    "Hold",
    "HoldClock",
    "HoldMember",
    "HoldReturn",
    "IdempotencyKey",
    "Measure",
    "Notice",
    "Passkey",
    "PastedList",
    "Preferences",
    "Proposal",
    "ProtectedRule",
    "RecoveryCode",
    "Right",
    "SavedView",
    "ScopeRule",
    "SeenChanges",
    "SendingPause",
    "ServiceWays",
    "SessionToken",
    "SignInBrake",
    "SignedIn",
    "StopItem",
    "StopRun",
    "StoredCredentials",
    "Upload",
    "VendorEvent",
    "Worker",
]
