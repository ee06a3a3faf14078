from connections.admin import site
from connections.admin.accounts import admin as accounts
from connections.admin.connections import admin as connections
from connections.admin.history import admin as history
from connections.admin.people import admin as users
from connections.admin.runs import admin as runs

__all__ = ["accounts", "connections", "history", "runs", "site", "users"]
