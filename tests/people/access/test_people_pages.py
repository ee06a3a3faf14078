"""The page of people, a person's page, what they see, and a person's first day."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from connections.models import AuditEvent, ScopeRule
from connections.people.access import links
from tests.conftest import make_user
from tests.people.conftest import sees_half
from tests.support.people import grant
from tests.support.runs import WEB

pytestmark = pytest.mark.django_db
NEW = "battery staple horse"


@pytest.fixture
def administrator(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def text(answer: Any) -> str:
    return html.unescape(re.sub(r"<[^>]*>|\s+", " ", answer.content.decode()))


def told(action: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(AuditEvent.objects.get(action=action).body)
    return facts


def form(**facts: Any) -> dict[str, Any]:
    role = Group.objects.get(name="Operators").pk
    return {"name": "Lena Maria Brandt", "email": "Lena@Example.com", "role": role, "first": "link", **facts}


def test_people_are_listed_with_role_what_they_may_and_state(administrator: Client, alice: User, carol: User) -> None:
    User.objects.filter(pk=carol.pk).update(is_active=False)
    page = text(administrator.get("/admin/people/"))
    assert re.search(r"alice .*Operators .*see, stop, open, hold", page)
    assert re.search(r"carol .*off", page)
    assert "carol" not in text(administrator.get("/admin/people/?state=in"))
    assert "alice" not in text(administrator.get("/admin/people/?q=carol"))
    assert (
        "carol" not in text(administrator.get("/admin/people/?role=Operators")).partition("People")[2].split("Off")[1]
    )


def test_somebody_s_first_day(administrator: Client, client: Client) -> None:
    answer = administrator.post("/admin/people/add/", form())
    link = re.search(r"http://testserver(/admin/first-password/[^<\s]+)", answer.content.decode())
    assert link is not None
    assert "no-store" in answer["Cache-Control"]
    lena = User.objects.get(username="lena@example.com")
    assert (lena.first_name, lena.last_name, lena.is_staff) == ("Lena Maria", "Brandt", True)
    assert "invited, link ends in 23 h" in text(administrator.get("/admin/people/?q=Lena"))
    assert link[1].split("/")[-2] not in "".join(AuditEvent.objects.values_list("body", flat=True))
    own = Client()
    page = own.get(link[1], follow=True)
    own.post(page.request["PATH_INFO"], {"new_password1": NEW, "new_password2": NEW})
    assert own.login(username="lena@example.com", password=NEW)
    assert told("user.added")["groups_added"] == ["Operators"]
    assert told("user.link_made")["user"] == "lena@example.com"
    assert told("user.password_changed")["actor"] == "lena@example.com"
    assert "counts no more" in text(Client().get(link[1], follow=True))


def test_a_link_ends_when_its_person_may_do_more(administrator: Client, admin_user: User) -> None:
    person = make_user("lena", "Viewers")
    _uid, token = links.make(person, admin_user, WEB)
    assert links.tokens.check_token(person, token)
    roles = [Group.objects.get(name=name).pk for name in ("Viewers", "Operators")]
    change = {"name": "Lena", "email": "lena@example.com", "roles": roles, "may_sign_in": "on"}
    administrator.post(f"/admin/people/{person.pk}/change/", change)
    assert not links.tokens.check_token(User.objects.get(pk=person.pk), token)
    User.objects.filter(pk=person.pk).update(password="!none")
    assert links.end_of_links([User.objects.get(pk=person.pk)]) == {}


def test_a_newer_link_ends_the_older_and_who_is_off_has_none(administrator: Client, admin_user: User) -> None:
    administrator.post("/admin/people/add/", form())
    lena = User.objects.get(username="lena@example.com")
    older = links.tokens.make_token(lena)
    administrator.post(f"/admin/people/{lena.pk}/link/")
    lena.refresh_from_db()
    assert not links.tokens.check_token(lena, older)
    User.objects.filter(pk=lena.pk).update(is_active=False)
    page = administrator.post(f"/admin/people/{lena.pk}/link/", follow=True)
    assert "gets no link" in text(page)
    assert AuditEvent.objects.filter(action="user.link_made").count() == 2


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"email": "ALICE@example.com"}, "signs in by this address already"),
        ({"email": "not an address"}, "valid email"),
        ({"role": ""}, "required"),
        ({"first": "password", "password": "short"}, "too short"),
        ({"name": ""}, "required"),
    ],
)
def test_what_can_not_be_added_is_said_and_nothing_typed_is_lost(
    administrator: Client, facts: dict[str, Any], words: str
) -> None:
    make_user("alice@example.com")
    answer = administrator.post("/admin/people/add/", form(**facts))
    assert words in text(answer)
    assert form(**facts)["name"] in answer.content.decode()
    assert not User.objects.filter(last_name="Brandt").exists()


def test_the_ordinary_form_has_no_staff_status_and_no_list_of_permissions(administrator: Client, alice: User) -> None:
    page = text(administrator.get(f"/admin/people/{alice.pk}/change/"))
    assert not re.search("staff status|salt|Superuser status|Hold: switch off links", page, re.IGNORECASE)
    assert (
        f"/admin/auth/user/{alice.pk}/change/"
        in administrator.get(f"/admin/people/{alice.pk}/change/").content.decode()
    )


def test_a_role_is_changed_with_its_line(administrator: Client, alice: User) -> None:
    roles = [Group.objects.get(name="Leads").pk]
    facts = {"name": "Alice A", "email": alice.email, "roles": roles, "may_sign_in": "on"}
    assert administrator.post(f"/admin/people/{alice.pk}/change/", facts).status_code == 302
    line = told("user.changed")
    assert (line["groups_added"], line["groups_removed"]) == (["Leads"], ["Operators"])
    assert line["other_fields"] == ["first_name", "last_name"]
    administrator.post(f"/admin/people/{alice.pk}/change/", {**facts, "may_sign_in": ""})
    alice.refresh_from_db()
    assert not alice.is_active


def test_the_last_superuser_is_not_lost(administrator: Client, admin_user: User) -> None:
    facts = {"name": "", "email": admin_user.email, "roles": [], "may_sign_in": ""}
    answer = administrator.post(f"/admin/people/{admin_user.pk}/change/", facts)
    assert "last superuser" in text(answer)
    admin_user.refresh_from_db()
    assert admin_user.is_active


def test_nobody_gives_what_they_lack_nor_touches_who_may_more(client: Client, alice: User, admin_user: User) -> None:
    dana = make_user("dana")
    grant(dana, "manage_people", "view_connection")
    client.force_login(dana)
    assert "Operators" not in text(client.get("/admin/people/add/"))
    assert "required" not in text(client.get("/admin/people/add/"))
    client.post("/admin/people/add/", form())
    assert not User.objects.filter(last_name="Brandt").exists()
    for person in (alice, admin_user):
        assert client.post(f"/admin/people/{person.pk}/link/").status_code == 403
        assert client.get(f"/admin/people/{person.pk}/change/").status_code == 403
        assert client.post(f"/admin/people/{person.pk}/sees/").status_code == 403
    assert client.get(f"/admin/people/{admin_user.pk}/").status_code == 403


def test_a_person_s_page_counts_what_they_may(administrator: Client, make_connection: Any) -> None:
    make_connection(device_name="Seen door")
    make_connection(device_name="Other")
    dana = sees_half()
    page = text(administrator.get(f"/admin/people/{dana.pk}/"))
    assert re.search(r"See connections *: +1 +of 2 open now", page)
    assert "device=Seen*" in page
    assert "Not: Manage roles and scopes" in page


def test_what_they_see_is_shown_with_a_line(administrator: Client, make_connection: Any) -> None:
    make_connection(device_name="Seen door")
    make_connection(device_name="Other")
    dana = sees_half()
    assert administrator.get(f"/admin/people/{dana.pk}/sees/").status_code == 405
    page = text(administrator.post(f"/admin/people/{dana.pk}/sees/"))
    assert "Seen door" in page
    assert "Other" not in page
    assert (told("user.sight_shown")["user"], told("user.sight_shown")["count"]) == ("dana", 1)


def test_nobody_looks_further_through_somebody_else_s_eyes(client: Client, make_connection: Any) -> None:
    make_connection(device_name="Seen door")
    make_connection(device_name="Hidden door")
    dana = sees_half()
    viewer = make_user("erin")
    viewer.groups.add(Group.objects.get(name="Half"))
    client.force_login(dana)
    User.objects.get(pk=viewer.pk).groups.add(Group.objects.get(name="Half"))
    page = text(client.post(f"/admin/people/{viewer.pk}/sees/"))
    assert "Hidden" not in page
    assert "Seen door" in page


def test_people_are_for_who_manages_them(operator: Client, alice: User) -> None:
    for address in ("/admin/people/", f"/admin/people/{alice.pk}/", "/admin/people/add/"):
        answer = operator.get(address)
        assert answer.status_code == 403
        assert "Manage people" in text(answer)


def test_who_has_a_scope_learns_of_no_role_that_reaches_further(client: Client, make_connection: Any) -> None:
    wide = Group.objects.create(name="Verborgen role")
    ScopeRule.objects.create(group=wide, device="Verborgen*")
    erin = make_user("erin")
    erin.groups.add(wide)
    client.force_login(sees_half())
    for address in ("/admin/people/", f"/admin/people/{erin.pk}/", "/admin/people/?q=erin", "/admin/people/add/"):
        assert "erborgen" not in client.get(address).content.decode(), address
    assert "not yours to see" in text(client.get(f"/admin/people/{erin.pk}/"))
    assert "Nobody matches" in text(client.get("/admin/people/?role=Verborgen+role"))
