"""What an account signs in with."""

from __future__ import annotations

from dataclasses import dataclass

from connections.remoteit.wire.signing import AccessKeyAuth


@dataclass(frozen=True, repr=False)
class Credentials:
    """An access key, a token, or a user name and password, the first of them that is there.

    The developer key goes with each; GraphQL does without it when requests are signed.
    """

    developer_key: str = ""
    username: str = ""
    password: str = ""
    token: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""

    def __repr__(self) -> str:
        return "Credentials(hidden)"

    @property
    def has_access_key(self) -> bool:
        """Whether requests are signed: half a key counts too, and fails, for it is there to be used."""
        return bool(self.access_key_id or self.secret_access_key)

    @property
    def can_log_in(self) -> bool:
        return bool(self.username and self.password) and not self.has_access_key

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.developer_key, self.password, self.token, self.secret_access_key)

    def signer(self) -> AccessKeyAuth | None:
        """Return what signs requests, None without an access key. Raises InvalidAccessKey."""
        return AccessKeyAuth(self.access_key_id, self.secret_access_key) if self.has_access_key else None
