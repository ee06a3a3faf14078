from connections.admin import connections, history, runs, site, users

__all__ = ["connections", "history", "runs", "site", "users"]
