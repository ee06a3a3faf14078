"""What the API's words for a "no" say of a connection, phrasing by phrasing, and near misses that say nothing of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.remoteit import Cause, Outcome
from connections.remoteit.answers import cause_of, read_stop
from connections.remoteit.graphql import read_disconnect
from connections.remoteit.wire.replies import Reply
from connections.remoteit.wordings import PHRASES, WORDS, Meaning, meaning_of

ID = "A481EBED-C678-4DA4-60D2-60F1FE8EB5DA"
GONE = [
    "CONNECTION_NOT_FOUND",
    "No active connection found for this ID",
    "Unable to locate connection",
    "Connection with this ID was not found",
    "there is no connection with that connection id",
    "connection id 'abc' not found",
    "inactive connection",
    "expired connection",
    "no connections found",
    "the connection you are trying to stop has ended",
    "connectionid incorrect or missing",
    "connectionid is incorrect",
    "connectionId is incorrect",
    "Connection ID not found",
    "unknown connection id",
    "No such connection",
    "The connection does not exist",
    "connection already stopped",
    "connection id is not valid",
    "Connection id isn't valid.",
    "connection id is invalid",
    "Invalid connection id",
    f"invalid connectionId: {ID}",
    "connection_id is unknown",
    "Bad connection id",
    "wrong connection ID",
    "The id of the connection is not correct",
    "connection id is no longer valid",
    "connection id does not exist",
    f"connection id {ID} not found",
    f'Connection "{ID}" not found',
    f"connection with id {ID} was not found",
    "connection not known",
    "Connection is not known to us",
    "unrecognised connection id",
    "connection id not recognized",
    "nonexistent connection",
    "Non-existent connection id",
    "connection is nonexistent",
    "connection doesn't exist any more",
    "connection no longer exists",
    "The connection no longer exists.",
    "The connection is no longer active",
    "connection is no longer open",
    "connection isn't open anymore",
    "connection not active",
    "There is no such connection (any more)",
    "There is no connection with that id",
    "no active connection",
    "no open connection found",
    "No connection found",
    "could not find the connection",
    f"Couldn't find connection {ID}",
    "cannot find connection",
    "unable to find the connection",
    "the connection could not be found",
    "connection can't be located",
    "we don't know this connection",
    "The id matches no connection",
    "connectionId does not match any open connection",
    "not a valid connection id",
    "That is not a known connection",
    "connection has ended",
    "connection is gone",
    "connection gone",
    "connection expired",
    "connectionid expired",
    "the connection has already been terminated",
    "This connection was closed",
    "this connection has been terminated",
    f"connection {ID} was closed",
    "connection id has been deleted",
    "already disconnected connection",
    "Already disconnected",
    "It has already been stopped",
    "connection was stopped already",
    "[1042] connection not found (GENERAL_ERROR)",
    "Stop failed: connection not found",
    "The proxy connection was terminated",
    "connection has been removed",
    "connection was deleted",
    "unknown connection",
    "connection unknown",
    "connection is not running",
    "there is no live connection",
    "connection not found in our system",
]
# What a program also says when its own connection, to a database perhaps, breaks.
ENDED = [
    "connection already disconnected",
    "connection was closed",
    "the connection has been terminated",
    "Connection is closed.",
    "connection already closed",
    "connection was terminated",
]
# The id may be fine, or it is about something else.
OTHER = [
    "connection is not available",
    "connection not established",
    "connection limit is not valid for this plan",
    "connection id is not valid for this plan",
    "connection id is not valid for this device",
    "Connection closed by remote host",
    "the connection to the database was not accepted",
    "connection to the database was closed",
    "database connection not found",
    "Redis connection is closed",
    "connectionid missing",
    "connection id is required",
    "connection id is missing",
    "connection id must be a string",
    "connection type unknown",
    "unknown connection type",
    "no such connection type",
    "invalid connection limit",
    "connection limit exceeded",
    "not a valid connection limit",
    "connection could not be stopped",
    "connection was opened by another user",
    "connection is not yours",
    "connection not allowed",
    "connection id is not allowed",
    "connection is still active",
    "connection is active",
    "connection refused",
    "connection timed out",
    "connection reset by peer",
    "connection closed",
    "connection terminated unexpectedly",
    "connection was closed unexpectedly by the peer",
    "no connection to the database",
    "no connection",
    "connection lost",
    "connection pool is closed",
    "connection string is invalid",
    "the connection was not stopped",
    "connection cannot be closed",
    "connection has not ended",
    "connection was not found guilty",
    "too many active connections",
    "connection expired token",
    "session expired",
    "your session has ended",
    "device not found",
    "unknown device",
    "something else",
    "connection exists",
    "connection found",
]


def stop(reason: str, status: int = 401) -> Outcome:
    reply = Reply(status, json.dumps({"status": "false", "reason": reason}).encode())
    return read_stop(reply, ID)[0]


def disconnect(message: str) -> Outcome:
    return read_disconnect(Reply(200, json.dumps({"errors": [{"message": message}]}).encode()))[0]


@pytest.mark.parametrize("reason", GONE)
def test_words_for_a_connection_that_is_not_there(reason: str) -> None:
    assert meaning_of(reason) is meaning_of(reason.upper()) is Meaning.GONE
    assert cause_of(reason) is Cause.CONNECTION
    assert stop(reason) is stop(reason, 404) is disconnect(reason) is Outcome.ALREADY_GONE
    assert stop(reason, 500) is Outcome.REFUSED


@pytest.mark.parametrize("reason", ENDED)
def test_words_for_a_connection_that_has_ended_are_no_proof_in_graphql_whose_errors_tell_of_anything(
    reason: str,
) -> None:
    assert meaning_of(reason) is Meaning.ENDED
    assert stop(reason) is Outcome.ALREADY_GONE
    assert disconnect(reason) is Outcome.UNKNOWN


@pytest.mark.parametrize("reason", OTHER)
def test_near_misses_are_refused(reason: str) -> None:
    assert meaning_of(reason) is Meaning.OTHER
    assert stop(reason) is Outcome.REFUSED
    assert disconnect(reason) in (Outcome.REFUSED, Outcome.UNKNOWN)


@pytest.mark.parametrize("more", ["and the device address is incorrect", "and the api token is missing"])
def test_words_that_name_two_causes_are_about_neither(more: str) -> None:
    assert stop(f"connection not found {more}") is Outcome.REFUSED


def test_every_word_list_has_its_place_in_the_table() -> None:
    table = " ".join(phrase for phrases in PHRASES.values() for phrase in phrases)
    assert [name for name in WORDS if f"{{{name}}}" not in table and f"[{name}]" not in table] == []


@given(reason=st.text(alphabet=st.sampled_from("connection id is not valid for # , already")))
def test_any_words_have_one_meaning(reason: str) -> None:
    assert meaning_of(reason) in Meaning


def test_words_that_are_written_together_are_words() -> None:
    assert meaning_of("ConnectionNotFound") is Meaning.GONE
