"""Every GraphQL document that serves a hold: what is not written here can't be said.

Sources: the vendor's schema (names, arguments, nullability); remoteit-api reference, sections 1.6 and 2.4. None of the
mutations that can't be taken back is among them: no removing, transferring, expiring or deleting of anything.
"""

from __future__ import annotations

from enum import Enum

_SESSION = (
    "{ id timestamp state source user { email } target { id name application device { name } } endpoint { proxy } }"
)
_STATE = "id name enabled online state device { id name } link { enabled }"
_EVENTS = """
events(types: [DEVICE_CONNECT], minDate: $since, size: 50) {
  hasMore
  items { id state timestamp ... on DeviceConnectEvent { actor { email } session proxy lifetime } }
}"""
# Beside those of connections, so that a device that comes and goes pushes no connection off their page.
_RECORD = """
record: events(types: [DEVICE_STATE, DEVICE_SHARE], minDate: $since, size: 50) {
  items { id type state timestamp actor { email } users { email } ... on DeviceShareEvent { shared } }
}"""
_WAYS = f"""{_STATE} can(permission: MANAGE) owner {{ email }} device {{ configurable owner {{ email }} }}
access {{ created user {{ email }} }} sessions {_SESSION}"""
_ORGANISATION = """organization {
  members { created role user { email } customRole { name access permissions tag { operator values } } }
}"""
_NETWORKS = "networks { name tags { name } access { user { email } } connections { service { id } name port } }"


def _of_login(fields: str, *, since: bool) -> str:
    variables = "$ids: [String!]!" + (", $since: DateTime" if since else "")
    return f"query Services({variables}) {{ login {{ id email service(id: $ids) {{ {fields} }} }} }}"


def _of_account(fields: str, *, since: bool) -> str:
    variables = "$account: String!, $ids: [String!]!" + (", $since: DateTime" if since else "")
    inner = f"account(id: $account) {{ id service(id: $ids) {{ {fields} }} }}"
    return f"query Services({variables}) {{ login {{ id email {inner} }} }}"


class Document(Enum):
    """A query or mutation, word for word."""

    SERVICES = _of_login(f"{_STATE} sessions {_SESSION}", since=False)
    SERVICES_OF = _of_account(f"{_STATE} sessions {_SESSION}", since=False)
    SERVICES_AND_EVENTS = _of_login(f"{_STATE} sessions {_SESSION} {_EVENTS} {_RECORD}", since=True)
    SERVICES_AND_EVENTS_OF = _of_account(f"{_STATE} sessions {_SESSION} {_EVENTS} {_RECORD}", since=True)
    WAYS = _of_login(_WAYS, since=False)
    WAYS_OF = _of_account(_WAYS, since=False)
    ORGANISATION_OF = (
        f"query Members($account: String!) {{ login {{ account(id: $account) {{ id {_ORGANISATION} }} }} }}"
    )
    NETWORKS = f"query Networks {{ login {{ id {_NETWORKS} }} }}"
    NETWORKS_OF = f"query Networks($account: String!) {{ login {{ account(id: $account) {{ id {_NETWORKS} }} }} }}"
    MUTATIONS = 'query Mutations { __type(name: "Mutation") { fields { name args { name } } } }'
    # `password` is left out on purpose: null may clear it.
    SET_LINK = """mutation SetLink($id: String!, $enabled: Boolean!) {
  setConnectLink(serviceId: $id, enabled: $enabled) { enabled }
}"""
    # These two arguments alone: the vendor's own form sends name, port and host too, and would overwrite a change.
    SET_SERVICE = """mutation SetService($id: ID!, $enabled: Boolean!) {
  updateService(id: $id, enabled: $enabled) { id enabled }
}"""

    @property
    def is_question(self) -> bool:
        """Whether it changes nothing."""
        return not self.value.startswith("mutation")
