from connections.admin import accounts, connections, history, runs, site, users

__all__ = ["accounts", "connections", "history", "runs", "site", "users"]
