"""Each person sees times in their own zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from connections.audit.append import Entry, append
from connections.audit.origin import Origin
from connections.models import Preferences
from connections.words import zones

PREFERENCES = "/admin/preferences/"
LIST = "/admin/connections/connection/"


@pytest.fixture
def operator(client, alice):
    client.force_login(alice)
    return client


def footer(client, path=LIST):
    return re.search(r"Times in ([^<]+)", client.get(path).content.decode())[1].strip()


def choose(client, time_zone):
    return client.post(PREFERENCES, {"time_zone": time_zone})


def test_without_a_choice_times_are_in_the_panels_zone(operator):
    assert footer(operator) == "UTC"


def test_the_footer_names_the_chosen_zone_with_its_offset(operator):
    choose(operator, "Asia/Kathmandu")
    assert footer(operator) == "Asia/Kathmandu, UTC+5:45"


def test_it_says_what_was_saved(operator):
    page = operator.post(PREFERENCES, {"time_zone": "Asia/Tokyo"}, follow=True).content.decode()
    assert "Saved. Times are shown in Asia/Tokyo, UTC+9." in page
    assert '<option value="Asia/Tokyo" selected>Tokyo, UTC+9</option>' in page


def test_the_choice_can_be_taken_back(operator):
    choose(operator, "Asia/Tokyo")
    choose(operator, "")
    assert footer(operator) == "UTC"


@pytest.mark.parametrize("name", ["Mars/Olympus", "Etc/GMT+5", "../etc/passwd", "europe/berlin"])
def test_a_zone_that_is_not_offered_is_refused_beside_the_field(operator, name):
    response = choose(operator, name)
    assert response.context["form"].errors["time_zone"] == ["That time zone is not known here."]
    assert not Preferences.objects.exists()


def test_a_zone_that_is_not_known_any_more_is_the_panels_own(operator, alice):
    Preferences.objects.create(user=alice, time_zone="Europe/Atlantis")
    assert footer(operator) == "UTC"
    assert operator.get(PREFERENCES).status_code == 200


def test_one_persons_zone_is_not_anothers(client, alice, bob):
    Preferences.objects.create(user=alice, time_zone="Asia/Tokyo")
    client.force_login(alice)
    client.get(LIST)
    client.force_login(bob)
    assert footer(client) == "UTC"


def test_a_zone_does_not_outlive_its_request(operator, alice):
    Preferences.objects.create(user=alice, time_zone="Asia/Tokyo")
    operator.get(LIST)
    assert timezone.get_current_timezone_name() == "UTC"


def test_times_of_a_connection_are_told_in_it(operator, alice, make_connection):
    connection = make_connection(opened_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    Preferences.objects.create(user=alice, time_zone="Asia/Tokyo")
    page = operator.get(f"{LIST}{connection.pk}/change/").content.decode()
    assert "2026-03-02 08:30:00" in page
    assert 'datetime="2026-03-02T08:30:00+09:00"' in page


@pytest.mark.django_db(transaction=False)
def test_the_days_of_the_history_are_those_of_the_zone(operator, alice):
    from django.db import transaction

    with transaction.atomic():
        for hour in (14, 15):
            at = datetime(2026, 3, 1, hour, 30, tzinfo=UTC)
            append([Entry("connections.imported", Origin("command"), actor=alice, at=at, facts={"count": hour})])
    days = re.compile(r"(\d March 2026)</span>\s*</h2>")
    assert days.findall(operator.get("/admin/connections/auditevent/").content.decode()) == ["1 March 2026"]
    Preferences.objects.create(user=alice, time_zone="Asia/Tokyo")
    page = operator.get("/admin/connections/auditevent/").content.decode()
    assert days.findall(page) == ["2 March 2026", "1 March 2026"]
    assert ">00:30:00<" in page


def test_the_user_menu_leads_there(operator):
    assert f'href="{PREFERENCES}"' in operator.get(LIST).content.decode()


def test_a_stranger_is_sent_to_sign_in(client, db):
    assert client.get(PREFERENCES).url.startswith("/admin/login/")


def test_the_browsers_zone_is_offered_only_while_nothing_is_saved(operator):
    assert "preferences.js" in operator.get(PREFERENCES).content.decode()
    choose(operator, "")
    assert "preferences.js" not in operator.get(PREFERENCES).content.decode()


def test_with_one_language_there_is_none_to_choose(operator):
    assert 'name="language"' not in operator.get(PREFERENCES).content.decode()


def test_with_several_languages_the_chosen_one_is_spoken(operator, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    assert 'name="language"' in operator.get(PREFERENCES).content.decode()
    operator.post(PREFERENCES, {"time_zone": "", "language": "de"})
    response = operator.get(LIST)
    assert response.headers["Content-Language"] == "de"
    assert '<html lang="de"' in response.content.decode()
    translation.activate("en")


@pytest.mark.parametrize(
    ("name", "at", "words"),
    [
        ("Europe/Berlin", datetime(2026, 1, 1, tzinfo=UTC), "Europe/Berlin, UTC+1"),
        ("Europe/Berlin", datetime(2026, 7, 1, tzinfo=UTC), "Europe/Berlin, UTC+2"),
        ("America/St_Johns", datetime(2026, 1, 1, tzinfo=UTC), "America/St_Johns, UTC−3:30"),  # noqa: RUF001
        ("Europe/London", datetime(2026, 1, 1, tzinfo=UTC), "Europe/London, UTC"),
        ("UTC", datetime(2026, 1, 1, tzinfo=UTC), "UTC"),
    ],
)
def test_a_zone_is_named_with_its_offset_at_the_time(name, at, words):
    assert zones.in_words(zones.zone(name), at) == words
