"""How old and how complete each account's list is, and what that makes of the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.live.read import read_list
from connections.live.standing import NAMED
from connections.models import Account, Connection
from connections.sandbox import Sandbox
from connections.sandbox.wire.faults import FaultRule
from connections.stops import plan
from tests.support.pages import text_of
from tests.support.runs import living_worker

LIST = "/admin/connections/connection/"
MakeConnection = Callable[..., Connection]


def page_of(connection: Connection) -> str:
    return f"{LIST}{connection.pk}/change/"


def read_long_ago(account: Account) -> None:
    at = timezone.now() - timedelta(hours=1)
    Account.objects.filter(pk=account.pk).update(listed_at=at, completely_listed_at=at)
    Connection.objects.update(known_at=at, status_at=at)


def fail_to_list(sandbox: Sandbox, account: Account) -> None:
    sandbox.faults.add(FaultRule("503", path="graphql/v1"))
    assert not read_list(account).complete


def test_a_complete_list_says_of_when_it_is_and_for_whom(operator: Client, listed: Connection) -> None:
    at = Account.objects.get().completely_listed_at
    assert f"List of {at:%H:%M:%S}, complete for default" in text_of(operator.get(LIST))


def test_a_row_of_a_complete_list_was_last_known_when_that_was_read(operator: Client, listed: Connection) -> None:
    Connection.objects.update(
        known_at=timezone.now() - timedelta(hours=3), status_at=timezone.now() - timedelta(hours=3)
    )
    page = operator.get(LIST)
    assert "3 h ago" not in text_of(page)
    assert "as of" not in text_of(page)


def test_an_account_without_any_list_yet_says_so(operator: Client, make_connection: MakeConnection) -> None:
    make_connection()
    words = text_of(operator.get(LIST))
    assert "no list of it has been read yet" in words
    assert "imported from a file" in words


def test_an_incomplete_list_says_why_and_since_when(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    fail_to_list(sandbox, account)
    account.refresh_from_db()
    words = text_of(operator.get(LIST))
    assert f"could not be listed whole since {account.completely_listed_at:%H:%M:%S}:" in words
    assert account.list_why in words
    assert "503" in words


def test_a_list_that_was_never_complete_says_why(operator: Client, sandbox: Sandbox, account: Account) -> None:
    fail_to_list(sandbox, account)
    assert "could not be listed whole yet:" in text_of(operator.get(LIST))


def test_a_row_of_an_incomplete_list_says_as_of_when(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    fail_to_list(sandbox, account)
    at = Account.objects.get().completely_listed_at
    assert (
        f'<span class="status-note">as of <time datetime="{at:%Y-%m-%dT%H:%M:%S}' in operator.get(LIST).content.decode()
    )


def test_an_old_list_is_not_sold_as_of_now(operator: Client, listed: Connection, account: Account) -> None:
    read_long_ago(account)
    words = text_of(operator.get(LIST))
    assert "was not listed again for a while" in words
    assert "complete for default" not in words


def test_a_paused_account_says_that_its_list_is_not_read(operator: Client, listed: Connection) -> None:
    Account.objects.update(held_at=timezone.now())
    assert "is paused by a person since" in text_of(operator.get(LIST))


def test_without_a_worker_it_says_that_no_list_is_read(operator: Client, listed: Connection) -> None:
    assert "No worker is running, so no list is read." in text_of(operator.get(LIST))
    living_worker()
    assert "No worker is running" not in text_of(operator.get(LIST))


def test_on_an_incomplete_list_the_bar_says_what_all_covers(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    assert "covers only what is listed" not in text_of(operator.get(LIST))
    fail_to_list(sandbox, account)
    assert "incomplete list: “all” covers only what is listed" in text_of(operator.get(LIST))


def test_under_a_filter_only_its_account_counts(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    Account.objects.create(name="eu-retail", listed_at=timezone.now(), list_why="HTTP 504")
    assert "HTTP 504" in text_of(operator.get(LIST))
    assert "HTTP 504" not in text_of(operator.get(LIST, {"account": "default"}))


def test_many_accounts_in_trouble_are_counted(operator: Client, make_connection: MakeConnection) -> None:
    make_connection()
    for number in range(NAMED + 1):
        Account.objects.create(name=f"a {number}", listed_at=timezone.now(), list_why="HTTP 504")
    assert "And 2 accounts more." in text_of(operator.get(LIST))


def test_words_of_the_api_are_escaped(operator: Client, make_connection: MakeConnection) -> None:
    make_connection()
    Account.objects.update(listed_at=timezone.now(), list_why="<b>504</b>")
    assert "&lt;b&gt;504&lt;/b&gt;" in operator.get(LIST).content.decode()


def test_nothing_open_by_complete_lists_is_said_so(operator: Client, listed: Connection, account: Account) -> None:
    Connection.objects.update(status="ended")
    assert "The lists of all accounts are complete, and nothing is open." in text_of(operator.get(LIST))


def test_nothing_open_by_incomplete_lists_is_not_sold_as_nothing(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    Connection.objects.update(status="ended")
    fail_to_list(sandbox, account)
    assert "there may be some" in text_of(operator.get(LIST))


def test_what_a_list_lacks_is_not_called_seen_in_it(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    sandbox.advance(9 * 3600)
    read_list(account)
    words = text_of(operator.get(LIST))
    assert "not in the last complete list" in words
    assert "before" in words


def test_the_connection_page_says_in_which_list_it_was_seen(operator: Client, listed: Connection) -> None:
    at = Account.objects.get().completely_listed_at
    assert f"seen in the list of {at:%H:%M:%S}, complete for default" in text_of(operator.get(page_of(listed)))


def test_the_connection_page_names_a_list_that_is_not_complete(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    fail_to_list(sandbox, account)
    words = text_of(operator.get(page_of(listed)))
    assert "as of the list of" in words
    assert "could not be listed whole since" in words


def test_the_confirm_page_names_accounts_whose_list_is_not_complete(
    operator: Client, alice: User, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    fail_to_list(sandbox, account)
    selector = {"door": "web", "by": "filter", "filter": {}, "query": ""}
    run = plan.draft(alice, Connection.objects.all(), selector)
    words = text_of(operator.get(f"/admin/connections/stoprun/{run.key}/confirm/"))
    assert "could not be listed whole since" in words
    assert words.index("could not be listed") < words.rindex("Stop 1 connection")
    assert "“All that match” covers only what was listed" in words


def test_the_confirm_page_says_of_which_lists_it_is(operator: Client, alice: User, listed: Connection) -> None:
    run = plan.draft(alice, Connection.objects.all(), {"by": "ticked"})
    assert "complete for default" in text_of(operator.get(f"/admin/connections/stoprun/{run.key}/confirm/"))


def test_the_overview_names_a_list_that_is_not_complete(
    operator: Client, listed: Connection, sandbox: Sandbox, account: Account
) -> None:
    fail_to_list(sandbox, account)
    assert "could not be listed whole since" in text_of(operator.get("/admin/"))
